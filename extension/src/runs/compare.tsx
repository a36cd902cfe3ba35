import React from 'react';

import { LineChart } from '../charts/lineChart';
import { type IAxis, ParallelChart } from '../charts/parallelChart';
import { figure } from '../format';
import { asProblem } from '../polled';
import { Problem } from '../notices';
import type { IProblem } from '../tokens';
import type { RunTable } from './table';

type Point = [number, number | string];

/** Runs side by side, as `mlops run compare --format json` tells them. */
export interface IComparison {
  readonly differing_params: readonly string[];
  readonly runs: readonly {
    readonly run_id: string;
    readonly name: string;
    readonly params: Readonly<Record<string, string | null>>;
    readonly metrics: Readonly<Record<string, number | string>>;
    readonly code_diff: string;
  }[];
  readonly curves: Readonly<Record<string, readonly (readonly Point[])[]>>;
}

interface ICompareProps {
  table: RunTable;
  ids: readonly string[];
  onBack: () => void;
}

/** Two to five runs: what differs, how their metrics went, and which code changed. */
export function Compare({ table, ids, onBack }: ICompareProps): React.ReactElement {
  const [found, setFound] = React.useState<IComparison | null>(null);
  const [problem, setProblem] = React.useState<IProblem | null>(null);
  const [chosen, setChosen] = React.useState<number | null>(null);
  const title = React.useRef<HTMLHeadingElement>(null);
  const asked = ids.join(',');
  React.useEffect(() => {
    let here = true;
    title.current?.focus();
    table.api.get<IComparison>('runs/compare', { path: table.path, runs: asked }).then(
      answer => here && setFound(answer),
      error => here && setProblem(asProblem(error))
    );
    return () => {
      here = false;
    };
  }, [table, asked]);
  return (
    <div className="mlops-Compare">
      <div className="mlops-View-header">
        <h2 ref={title} tabIndex={-1}>
          {ids.length} runs compared
        </h2>
        <button type="button" className="jp-mod-styled mlops-Button" onClick={onBack}>
          Back to the runs
        </button>
      </div>
      <div className="mlops-View-body" tabIndex={0} role="group" aria-label="Comparison">
        {problem !== null && <Problem problem={problem} stale={false} />}
        {problem === null && found === null && <p role="status">Comparing …</p>}
        {found !== null && <Found found={found} chosen={chosen} onChoose={setChosen} />}
      </div>
    </div>
  );
}

interface IFoundProps {
  found: IComparison;
  chosen: number | null;
  onChoose: (run: number | null) => void;
}

export function Found({ found, chosen, onChoose }: IFoundProps): React.ReactElement {
  const names = found.runs.map(run => run.name || run.run_id.slice(0, 8));
  const metrics = [...new Set(found.runs.flatMap(run => Object.keys(run.metrics)))].sort();
  const params: IAxis[] = found.differing_params.map(name => ({
    name,
    values: found.runs.map(run => numberOrText(run.params[name]))
  }));
  const measured: IAxis[] = metrics.map(name => ({
    name,
    values: found.runs.map(run => run.metrics[name] ?? null)
  }));
  return (
    <>
      <table className="mlops-Compare-table">
        <thead>
          <tr>
            <td />
            {names.map((name, run) => (
              <th key={run} scope="col">
                <button
                  type="button"
                  aria-pressed={chosen === run}
                  className="mlops-Legend"
                  data-series={run}
                  onClick={() => onChoose(chosen === run ? null : run)}
                >
                  {name}
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <Rows title="Parameters that differ" axes={params} none="the same in all" />
        <Rows title="Metrics" axes={measured} none="none logged" />
      </table>
      <ParallelChart names={names} axes={[...params, ...measured]} chosen={chosen} />
      <div className="mlops-Charts">
        {Object.entries(found.curves).map(([key, runs]) => (
          <LineChart
            key={key}
            title={key}
            chosen={chosen}
            label={step => `step ${step}`}
            series={runs.map((points, run) => ({ name: names[run]!, points }))}
          />
        ))}
      </div>
      <h3>Code</h3>
      {found.runs.slice(1).map((run, index) => (
        <Diff key={run.run_id} title={`${names[0]} → ${names[index + 1]}`} diff={run.code_diff} />
      ))}
    </>
  );
}

function Rows({ title, axes, none }: { title: string; axes: readonly IAxis[]; none: string }): React.ReactElement {
  return (
    <tbody>
      <tr>
        <th colSpan={6} scope="colgroup" className="mlops-Compare-group">
          {title}
          {axes.length === 0 && <span>: {none}</span>}
        </th>
      </tr>
      {axes.map(axis => (
        <tr key={axis.name} data-differs={new Set(axis.values).size > 1}>
          <th scope="row">{axis.name}</th>
          {axis.values.map((value, run) => (
            <td key={run}>{value === null ? '–' : figure(value)}</td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}

function Diff({ title, diff }: { title: string; diff: string }): React.ReactElement {
  const lines = diff.split('\n').filter(line => !line.startsWith('---') && !line.startsWith('+++'));
  return (
    <section className="mlops-Diff" aria-label={title}>
      <h4>{title}</h4>
      {diff === '' ? (
        <p>The same code.</p>
      ) : (
        <pre tabIndex={0}>
          {lines.map((line, index) => (
            <DiffLine key={index} line={line} />
          ))}
        </pre>
      )}
    </section>
  );
}

function DiffLine({ line }: { line: string }): React.ReactElement {
  const text = `${line}\n`;
  return line.startsWith('+') ? <ins>{text}</ins> : line.startsWith('-') ? <del>{text}</del> : <>{text}</>;
}

function numberOrText(value: string | null | undefined): number | string | null {
  if (value === null || value === undefined || value === '-') {
    return null;
  }
  return value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
}
