import { checkIcon, refreshIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { Problem } from '../notices';
import { Checklist } from './checklist';
import { Findings } from './findings';
import type { Change, IFinding, INotebookReadiness } from './tokens';

/** What the panel shows of the current notebook, and what may be done with it. */
export interface IReadinessViewProps {
  /** Null: no notebook is open. */
  readiness: INotebookReadiness | null;
  enabled: boolean;
  name: string;
  onCheck: () => void;
  onEnable: () => void;
  onJump: (place: { cell?: number | null }, focus: boolean, finding?: IFinding) => void;
  onSettle: (change: Change, finding?: IFinding) => void;
}

/** Everything in the panel. */
export function ReadinessView(props: IReadinessViewProps): React.ReactElement {
  const { readiness, name } = props;
  return (
    <>
      <div className="mlops-Readiness-header">
        <div className="mlops-Readiness-titles">
          <h2>Readiness</h2>
          {name && (
            <span className="mlops-Readiness-name" title={name}>
              {name}
            </span>
          )}
        </div>
        {readiness !== null && props.enabled && (
          <button
            type="button"
            className="mlops-Readiness-check jp-ToolbarButtonComponent"
            title="Check now"
            aria-label="Check the notebook now"
            onClick={props.onCheck}
          >
            <refreshIcon.react tag="span" elementSize="normal" />
          </button>
        )}
      </div>
      <Body {...props} />
    </>
  );
}

function Body(props: IReadinessViewProps): React.ReactElement {
  const { readiness, onJump, onSettle } = props;
  if (readiness === null) {
    return <Note>Open a notebook to see whether it is ready for production.</Note>;
  }
  if (!props.enabled) {
    return (
      <Note>
        <p>Notebooks are not checked: it is switched off in the settings.</p>
        <button type="button" className="mlops-Readiness-button" onClick={props.onEnable}>
          Switch on
        </button>
      </Note>
    );
  }
  const { assessment, problem } = readiness;
  return (
    <div className="mlops-Readiness-body">
      {problem !== null && <Problem problem={problem} stale={assessment !== null} />}
      {assessment === null && problem === null && <Note>Looking at the notebook …</Note>}
      {assessment?.skipped && <Note>Not checked: {assessment.skipped}.</Note>}
      {assessment?.verdict && (
        <p className="mlops-Readiness-verdict" data-status={assessment.verdict.status} role="status">
          {assessment.verdict.message}
        </p>
      )}
      {assessment !== null && assessment.points.length > 0 && (
        <Checklist points={assessment.points} onJump={place => onJump(place, true)} />
      )}
      {assessment !== null && !assessment.skipped && (
        <Findings
          findings={readiness.findings}
          rules={assessment.rules}
          onJump={(finding, focus) => onJump(finding, focus, finding)}
          onSettle={onSettle}
        />
      )}
      {assessment !== null && assessment.diagnostics.length === 0 && !assessment.skipped && (
        <p className="mlops-Readiness-clean">
          <checkIcon.react tag="span" elementSize="normal" /> No finding.
        </p>
      )}
    </div>
  );
}

function Note({ children }: { children: React.ReactNode }): React.ReactElement {
  return (
    <div className="mlops-Readiness-note" role="status">
      {children}
    </div>
  );
}
