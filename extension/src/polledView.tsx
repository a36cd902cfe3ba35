import { refreshIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { Problem } from './notices';
import type { Polled } from './polled';
import type { IProblem } from './tokens';

interface IPolledViewProps<T extends { project: string }> {
  model: Polled<T>;
  /** `Jobs` of `Jobs of flights`. */
  title: string;
  /** What the body is called to those who hear it. */
  label: string;
  /** What went wrong with something the user did. */
  problem?: IProblem | null;
  /** Beside the title. */
  aside?: React.ReactNode;
  children: React.ReactNode;
}

/** A view of polled answers: its title, a button that asks again, what went wrong, the answer. */
export function PolledView<T extends { project: string }>({
  model,
  title,
  label,
  problem = null,
  aside,
  children
}: IPolledViewProps<T>): React.ReactElement {
  const { answer } = model;
  return (
    <>
      <div className="mlops-View-header">
        <h2>
          {title} of {answer?.project ?? '…'}
        </h2>
        {aside}
        <span className="mlops-Count" />
        <button
          type="button"
          className="mlops-Icon jp-ToolbarButtonComponent"
          title="Refresh"
          aria-label={`Refresh ${title.toLowerCase()}`}
          onClick={() => void model.refresh()}
        >
          <refreshIcon.react tag="span" elementSize="normal" />
        </button>
      </div>
      <div className="mlops-View-body" tabIndex={0} role="group" aria-label={label}>
        {model.problem !== null && <Problem problem={model.problem} stale={answer !== null} />}
        {problem !== null && <Problem problem={problem} stale={false} />}
        {children}
      </div>
    </>
  );
}
