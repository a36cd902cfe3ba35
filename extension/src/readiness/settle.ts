import { Notification } from '@jupyterlab/apputils';

import { ApiError } from '../api';
import type { Change, IFinding, INotebookReadiness } from './tokens';

/** Long enough to read what was done, and to take it back. */
const SHOWN = 8000;

/** Fix or accept a finding, or all of them, and say what was done with a way back. */
export async function settle(
  change: Change,
  finding: IFinding | undefined,
  readiness: INotebookReadiness
): Promise<void> {
  try {
    const made = await readiness.change(change, finding);
    if (made.count === 0) {
      Notification.info(nothing(change, finding), { autoClose: SHOWN });
      return;
    }
    const undo = (): void => {
      if (!made.undo()) {
        Notification.warning('The cells have been edited since, nothing was taken back.');
      }
    };
    Notification.success(done(change, made.count), {
      autoClose: SHOWN,
      actions: [{ label: 'Undo', callback: undo }]
    });
  } catch (error) {
    const { message, hint } = error instanceof ApiError ? error : { message: String(error), hint: '' };
    Notification.error(`${message} ${hint}`.trim(), { autoClose: SHOWN });
  }
}

function done(change: Change, count: number): string {
  const findings = count === 1 ? '1 finding' : `${count} findings`;
  return `${change === 'accept' ? 'Accepted' : 'Fixed'} ${findings}.`;
}

function nothing(change: Change, finding: IFinding | undefined): string {
  if (finding === undefined) {
    return 'There is nothing to fix.';
  }
  const verb = change === 'accept' ? 'accepted' : 'fixed';
  return `${finding.code} cannot be ${verb} here, or is gone already.`;
}
