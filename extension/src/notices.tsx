import React from 'react';

import type { IProblem } from './tokens';

const FIRST_CELL = '%load_ext mlops_nb';
const SECOND_CELL = `%%mlops run "first" --metric score
score = 0.9`;

/** What to do in a project that has no run yet. */
export function EmptyState(): React.ReactElement {
  return (
    <div className="mlops-Notice">
      <h3>No run yet</h3>
      <p>A run keeps what a cell did: code, parameters, metrics, model. In a notebook, load</p>
      <pre>{FIRST_CELL}</pre>
      <p>and begin a cell with</p>
      <pre>{SECOND_CELL}</pre>
      <p>The run appears here by itself.</p>
    </div>
  );
}

/** What went wrong; a list read earlier stays below it. */
export function Problem({
  problem,
  stale
}: {
  problem: IProblem;
  stale: boolean;
}): React.ReactElement {
  return (
    <div className="mlops-Notice mlops-mod-problem" role="alert">
      <p>
        <b>{problem.message}</b>
      </p>
      {problem.hint && <p>{problem.hint}</p>}
      {stale && <p>The list below was read before.</p>}
    </div>
  );
}
