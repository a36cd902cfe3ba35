import type { NotebookPanel } from '@jupyterlab/notebook';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import { readinessIcon } from '../icon';
import type { INotebookReadiness, IReadiness } from './tokens';
import { badgeText, counted } from './words';

interface IVerdictProps {
  readiness: INotebookReadiness | undefined;
  onClick: () => void;
}

/** The verdict in a few words; a click opens the panel. */
function Verdict({ readiness, onClick }: IVerdictProps): React.ReactElement | null {
  const { assessment, problem } = readiness ?? {};
  const verdict = assessment?.verdict;
  if (!verdict && !problem) {
    return null;
  }
  const text = verdict ? badgeText(verdict, assessment?.points ?? []) : 'not checked';
  const all = problem?.message ?? verdict?.message ?? '';
  return (
    <button
      type="button"
      className="mlops-Badge"
      data-status={verdict?.status ?? 'skipped'}
      title={`${all}. Click for details.`}
      aria-label={`Readiness: ${text}. Show the details`}
      onClick={onClick}
    >
      <readinessIcon.react tag="span" className="mlops-Badge-icon" elementSize="small" />
      {text}
    </button>
  );
}

/** The badge in a notebook's toolbar. */
export class Badge extends ReactWidget {
  constructor(
    private readonly panel: NotebookPanel,
    private readonly readiness: IReadiness,
    private readonly open: () => void
  ) {
    super();
    this.addClass('mlops-Badge-holder');
  }

  protected override render(): React.ReactElement {
    const { sharedModel } = this.panel.context.model;
    return (
      <UseSignal
        signal={this.readiness.changed}
        shouldUpdate={(_, one) => one === this.readiness.of(sharedModel)}
      >
        {() => <Verdict readiness={this.readiness.of(sharedModel)} onClick={this.open} />}
      </UseSignal>
    );
  }
}

/** The status bar's item: how many findings the current notebook has. */
export class StatusItem extends ReactWidget {
  constructor(
    private readonly current: () => INotebookReadiness | undefined,
    private readonly readiness: IReadiness,
    private readonly open: () => void
  ) {
    super();
  }

  protected override render(): React.ReactElement {
    return (
      <UseSignal signal={this.readiness.changed}>
        {() => {
          const { assessment, findings = [] } = this.current() ?? {};
          const text = assessment?.verdict ? counted(findings) || 'no finding' : 'not checked';
          return (
            <button
              type="button"
              className="mlops-Status"
              title={assessment?.verdict?.message ?? 'Show the readiness of the notebook'}
              onClick={this.open}
            >
              Readiness: {text}
            </button>
          );
        }}
      </UseSignal>
    );
  }
}
