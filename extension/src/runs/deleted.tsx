import React from 'react';

import { asProblem } from '../polled';
import { Problem } from '../notices';
import type { IProblem } from '../tokens';
import type { RunTable } from './table';

interface IDeletedRun {
  readonly run_id: string;
  readonly name: string;
}

/** The runs that were thrown away and can be brought back. */
export function Deleted({ table }: { table: RunTable }): React.ReactElement {
  const [runs, setRuns] = React.useState<readonly IDeletedRun[] | null>(null);
  const [problem, setProblem] = React.useState<IProblem | null>(null);
  const count = table.runs.length;
  React.useEffect(() => {
    let here = true;
    table.api.get<{ runs: IDeletedRun[] }>('runs/deleted', { path: table.path }).then(
      answer => here && setRuns(answer.runs),
      error => here && setProblem(asProblem(error))
    );
    return () => {
      here = false;
    };
    // Asked again once a run has come or gone.
  }, [table, table.path, count]);
  const restore = async (run: IDeletedRun): Promise<void> => {
    await table.act('runs/restore', { runs: [run.run_id] });
  };
  return (
    <section className="mlops-Deleted" aria-label="Deleted runs">
      {problem !== null && <Problem problem={problem} stale={false} />}
      {runs?.length === 0 && <p>No run is deleted.</p>}
      <ul>
        {runs?.map(run => (
          <li key={run.run_id}>
            <span>{run.name || run.run_id.slice(0, 8)}</span>
            <button type="button" className="jp-mod-styled mlops-Button" onClick={() => void restore(run)}>
              Restore
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
