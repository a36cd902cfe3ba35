import React from 'react';

import type { Api } from '../api';
import { ago, clock, duration, moment, size, words } from '../format';
import { AttemptDetails } from './attemptDetails';
import type { IAttempt, IProgress } from './wire';
import type { IJobsActions } from './view';

interface IRunningProps {
  attempts: readonly IAttempt[];
  onCancel: (attempt: IAttempt) => void;
}

/** What runs now: how far, how long, how much memory. */
export function Running({ attempts, onCancel }: IRunningProps): React.ReactElement | null {
  if (attempts.length === 0) {
    return null;
  }
  return (
    <section>
      <h3>Running</h3>
      <ul className="mlops-Running">
        {attempts.map(one => (
          <li key={one.attempt}>
            <span className="mlops-Running-name">{one.job}</span>
            <Progress job={one.job} progress={one.progress} />
            <span className="mlops-Running-facts">{facts(one)}</span>
            <button
              type="button"
              className="jp-mod-styled mlops-Button"
              aria-label={`Cancel ${one.job}`}
              onClick={() => onCancel(one)}
            >
              Cancel
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Progress({ job, progress }: { job: string; progress: IProgress | null }): React.ReactElement {
  const cells = progress?.cells ?? 0;
  const done = Math.max(0, (progress?.cell ?? 0) - 1);
  return (
    <div
      className="mlops-Progress"
      role="progressbar"
      aria-label={`Progress of ${job}`}
      aria-valuemin={0}
      aria-valuemax={cells || 1}
      aria-valuenow={done}
      aria-valuetext={place(progress)}
    >
      <div style={{ width: `${cells ? (100 * done) / cells : 0}%` }} />
    </div>
  );
}

function place(progress: IProgress | null): string {
  return progress?.cells ? `cell ${progress.cell}/${progress.cells}` : 'starting the kernel';
}

function facts(one: IAttempt): string {
  const { progress } = one;
  const seconds = progress?.seconds ?? (Date.now() - Date.parse(one.started)) / 1000;
  const peak = progress?.peak ? [`peak ${size(progress.peak)}`] : [];
  return [place(progress), clock(seconds), ...peak].join(' · ');
}

interface IHistoryProps {
  api: Api;
  path: string;
  attempts: readonly IAttempt[];
  actions: IJobsActions;
  onRetry: (attempt: IAttempt) => void;
}

/** What ran, the newest first. */
export function History(props: IHistoryProps): React.ReactElement {
  const { api, path, attempts, actions, onRetry } = props;
  const [opened, setOpened] = React.useState<string | null>(null);
  const now = new Date();
  return (
    <section>
      <h3>History</h3>
      {attempts.length === 0 ? (
        <p className="mlops-None">Nothing has run yet.</p>
      ) : (
        <table className="mlops-Table mlops-History">
          <thead>
            <tr>
              <th scope="col">Job</th>
              <th scope="col">Status</th>
              <th scope="col">Started</th>
              <th scope="col">Took</th>
              <th scope="col">By</th>
              <th scope="col">Why</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {attempts.map(one => (
              <React.Fragment key={one.attempt}>
              <tr data-attempt={one.attempt}>
                <th scope="row">
                  <button
                    type="button"
                    className="mlops-Link"
                    aria-expanded={opened === one.attempt}
                    onClick={() => setOpened(opened === one.attempt ? null : one.attempt)}
                  >
                    {one.job}
                  </button>
                </th>
                <td data-status={one.status}>{words(one.status)}</td>
                <td title={moment(one.started)}>{ago(one.started, now)}</td>
                <td>{one.ended === null ? '' : duration(one.started, one.ended)}</td>
                <td>{one.origin}</td>
                <td className="mlops-Why" title={one.message}>
                  {one.message.split('\n')[0]}
                </td>
                <td>
                  <div className="mlops-Buttons">
                    <Act label="Report" of={one} shown={one.report} onClick={actions.openReport} />
                    <Act label="Notebook" of={one} shown={one.output} onClick={actions.openOutput} />
                    <Act label="Retry" of={one} shown onClick={onRetry} />
                  </div>
                </td>
              </tr>
              {opened === one.attempt && (
                <tr>
                  <td colSpan={7}>
                    <AttemptDetails api={api} path={path} attempt={one} />
                  </td>
                </tr>
              )}
              </React.Fragment>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

interface IActProps {
  label: string;
  of: IAttempt;
  shown: boolean;
  onClick: (attempt: IAttempt) => void;
}

function Act({ label, of, shown, onClick }: IActProps): React.ReactElement | null {
  return shown ? (
    <button
      type="button"
      className="jp-mod-styled mlops-Button"
      aria-label={`${label} of ${of.job}, ${moment(of.started)}`}
      onClick={() => onClick(of)}
    >
      {label}
    </button>
  ) : null;
}
