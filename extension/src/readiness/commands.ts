import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import { readinessIcon } from '../icon';
import { findingBeyond, findingHere, jump } from './places';
import { settle } from './settle';
import type { Change, INotebookReadiness, IReadiness } from './tokens';

export const SHOW = 'mlops:show-readiness';
export const CHECK = 'mlops:check-readiness';
export const TOGGLE = 'mlops:toggle-readiness';

/** What the commands work on. */
interface IGround {
  app: JupyterFrontEnd;
  readiness: IReadiness;
  tracker: INotebookTracker;
  /** Open the panel. */
  show: () => void;
  /** Switch the checks on or off, and remember it. */
  toggle: () => Promise<void>;
}

/** Add the commands, and return their ids in the order of the palette. */
export function addCommands(ground: IGround): string[] {
  const { app, readiness, tracker, show, toggle } = ground;
  const add = (id: string, label: string, caption: string, options: object): string => {
    app.commands.addCommand(id, {
      label: `MLOps: ${label}`,
      caption,
      describedBy: { args: { type: 'object', properties: {} } },
      ...(options as { execute: () => unknown })
    });
    return id;
  };
  /** A command on the current notebook; greyed out where there is none that is looked at. */
  const here = (
    work: (found: INotebookReadiness, panel: NotebookPanel) => unknown
  ): { execute: () => unknown; isEnabled: () => boolean } => {
    const current = (): INotebookReadiness | undefined =>
      readiness.of(tracker.currentWidget?.context.model.sharedModel);
    return {
      isEnabled: () => readiness.enabled && current() !== undefined,
      execute: () => {
        const [panel, found] = [tracker.currentWidget, current()];
        return panel && found ? work(found, panel) : undefined;
      }
    };
  };
  const all = (change: Change) => here(found => settle(change, undefined, found));
  const one = (change: Change | null) =>
    here((found, panel) => {
      const finding = findingHere(panel, found);
      const kind = change ?? (finding?.fixable ? 'safe' : 'all');
      return finding && settle(kind, finding, found);
    });
  const go = (step: 1 | -1) =>
    here((found, panel) => {
      const finding = findingBeyond(panel, found, step);
      const cell = finding && found.cellOf(finding);
      return cell ? jump(panel, cell, { finding, focus: true }) : undefined;
    });

  const again = here(found => {
    readiness.retry();
    return found.check();
  });

  return [
    add(SHOW, 'Show Readiness', 'Show what the notebook lacks for production', {
      icon: readinessIcon,
      execute: show
    }),
    add(CHECK, 'Check Notebook Now', 'Look at the notebook and what lies around it', again),
    add('mlops:next-finding', 'Next Finding', 'Go to the next finding in the notebook', go(1)),
    add('mlops:previous-finding', 'Previous Finding', 'Go to the finding before', go(-1)),
    add('mlops:fix-finding', 'Fix Finding Here', 'Fix the finding at the cursor', one(null)),
    add(
      'mlops:ignore-finding',
      'Ignore Finding Here',
      'Write a comment or a tag that accepts the finding at the cursor',
      one('accept')
    ),
    add('mlops:fix-all', 'Fix All Findings', 'Make every safe fix in the notebook', all('safe')),
    add(
      'mlops:fix-all-unsafe',
      'Fix All Findings, Unsafe Fixes Too',
      'Make every fix, also those that may change what the notebook does',
      all('all')
    ),
    add(TOGGLE, 'Check Notebooks While Editing', 'Switch the checks on or off', {
      isToggleable: true,
      isToggled: () => readiness.enabled,
      execute: toggle
    })
  ];
}
