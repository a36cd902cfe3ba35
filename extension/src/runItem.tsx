import React from 'react';

import { ago, duration, figure, moment, plainFirst } from './format';
import type { IRun } from './tokens';

const FIRST_METRICS = 3;

const STATUS: Readonly<Record<string, string>> = {
  RUNNING: 'running',
  SCHEDULED: 'scheduled',
  FINISHED: 'finished',
  FAILED: 'failed',
  KILLED: 'killed'
};

interface IRunItemProps {
  run: IRun;
  open: boolean;
  onToggle: () => void;
}

/** One run: two lines, and its details below them once it is opened. */
export function RunItem({ run, open, onToggle }: IRunItemProps): React.ReactElement {
  const details = `mlops-run-${run.run_id}`;
  const status = STATUS[run.status] ?? run.status.toLowerCase();
  const now = new Date();
  const metrics = Object.entries(run.metrics)
    .sort(plainFirst)
    .slice(0, FIRST_METRICS);
  return (
    <li className="mlops-Run" data-run-id={run.run_id}>
      <button
        type="button"
        className="mlops-Run-row"
        aria-expanded={open}
        aria-controls={details}
        onClick={onToggle}
      >
        <span className="mlops-Run-line">
          <span className="mlops-Run-name" title={run.name}>
            {run.name || run.run_id.slice(0, 8)}
          </span>
          <span className="mlops-Run-status" data-status={status}>
            {status}
          </span>
        </span>
        <span className="mlops-Run-line mlops-Run-times">
          <span title={moment(run.started)}>{ago(run.started, now)}</span>
          {run.ended !== null && (
            <span title="Duration">{duration(run.started, run.ended)}</span>
          )}
        </span>
        {metrics.length > 0 && (
          <span className="mlops-Run-metrics">
            {metrics.map(([name, value]) => (
              <span key={name} className="mlops-Run-metric">
                {name} <b>{figure(value)}</b>
              </span>
            ))}
          </span>
        )}
      </button>
      {open && <Details id={details} run={run} />}
    </li>
  );
}

function Details({ id, run }: { id: string; run: IRun }): React.ReactElement {
  const facts: [string, string][] = [
    ['started', moment(run.started)],
    ['run id', run.run_id]
  ];
  if (run.notebook) {
    facts.push(['notebook', run.notebook]);
  }
  if (run.job) {
    facts.push(['job', run.job]);
  }
  const metrics = Object.entries(run.metrics).map(
    ([name, value]): [string, string] => [name, figure(value)]
  );
  return (
    <div id={id} className="mlops-Run-details">
      <Facts title="Metrics" rows={metrics} numeric />
      <Facts title="Parameters" rows={Object.entries(run.params)} />
      <Facts title="Run" rows={facts} />
    </div>
  );
}

interface IFactsProps {
  title: string;
  rows: [string, string][];
  numeric?: boolean;
}

/** Names and values below a heading. */
export function Facts({ title, rows, numeric = false }: IFactsProps): React.ReactElement {
  return (
    <section className="mlops-Facts">
      <h3>{title}</h3>
      {rows.length === 0 ? (
        <p className="mlops-Facts-none">none logged</p>
      ) : (
        <table>
          <tbody>
            {rows.map(([name, value]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td className={numeric ? 'mlops-Facts-number' : ''}>{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
