import React from 'react';

import type { Api } from '../api';
import { moment, words } from '../format';
import { asProblem, type Polled } from '../polled';
import { PolledView } from '../polledView';
import { TaskLine } from '../tasks';
import type { IProblem } from '../tokens';
import { History, Running } from './attempts';
import { JobForm } from './form';
import type { IAttempt, IJob, IJobsAnswer } from './wire';

/** What the view can do beside asking the server. */
export interface IJobsActions {
  openNotebook: (path: string) => void;
  openOutput: (attempt: IAttempt) => void;
  openReport: (attempt: IAttempt) => void;
}

/** The notebook that the form is open for. */
export interface IAsked {
  readonly path: string;
  readonly job: string;
}

interface IJobsViewProps {
  api: Api;
  model: Polled<IJobsAnswer>;
  asked: IAsked | null;
  onAsk: (asked: IAsked | null) => void;
  actions: IJobsActions;
}

/** The jobs of the project, what runs now, and what ran. */
export function JobsView({ api, model, asked, onAsk, actions }: IJobsViewProps): React.ReactElement {
  const [problem, setProblem] = React.useState<IProblem | null>(null);
  const act = async (noun: string, body: object): Promise<void> => {
    try {
      await api.post(noun, { path: model.path, ...body });
      setProblem(null);
    } catch (error) {
      setProblem(asProblem(error));
    }
    await model.refresh();
  };
  const { answer } = model;
  const here = model.path.endsWith('.ipynb') ? model.path : '';
  return (
    <PolledView
      model={model}
      title="Jobs"
      label="Jobs and their attempts"
      problem={problem}
      aside={
        here !== '' && asked === null && (
          <button
            type="button"
            className="jp-mod-styled mlops-Button"
            onClick={() => onAsk({ path: here, job: '' })}
          >
            Run {here.split('/').pop()} as a job …
          </button>
        )
      }
    >
      {asked !== null && (
        <JobForm
          key={`${asked.path} ${asked.job}`}
          api={api}
          path={asked.path}
          job={asked.job}
          onStarted={() => void model.refresh()}
          onClose={() => onAsk(null)}
        />
      )}
      {answer !== null && (
        <>
          {answer.overdue.map(text => (
            <p key={text} className="mlops-Overdue">
              {text}
            </p>
          ))}
          {answer.tasks
            .filter(task => task.verb === 'job' && task.problem)
            .slice(0, 3)
            .map(task => (
              <TaskLine key={task.id} task={task} onStop={() => undefined} />
            ))}
          <Jobs jobs={answer.jobs} actions={actions} onAsk={onAsk} />
          <Running
            attempts={answer.attempts.filter(one => one.ended === null)}
            onCancel={one => void act('jobs/cancel', { attempt: one.attempt })}
          />
          <History
            api={api}
            path={model.path}
            attempts={answer.attempts.filter(one => one.ended !== null)}
            actions={actions}
            onRetry={one => void act('jobs/retry', { attempt: one.attempt })}
          />
        </>
      )}
    </PolledView>
  );
}

interface IJobsProps {
  jobs: readonly IJob[];
  actions: IJobsActions;
  onAsk: (asked: IAsked) => void;
}

function Jobs({ jobs, actions, onAsk }: IJobsProps): React.ReactElement {
  if (jobs.length === 0) {
    return <p className="mlops-None">No job is declared. Open a notebook and run it as a job.</p>;
  }
  return (
    <section>
      <h3>Declared</h3>
      <table className="mlops-Table">
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">Notebook</th>
            <th scope="col">Starts</th>
            <th scope="col">Next due</th>
            <th scope="col">Last</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {jobs.map(job => (
            <tr key={job.name}>
              <th scope="row">{job.name}</th>
              <td>{job.notebook !== null && <NotebookLink path={job.notebook} actions={actions} />}</td>
              <td>{starts(job)}</td>
              <td>{job.next_due === null ? '' : moment(job.next_due)}</td>
              <td data-status={job.status}>{words(job.status)}</td>
              <td>
                {job.notebook !== null && (
                  <button
                    type="button"
                    className="jp-mod-styled mlops-Button"
                    aria-label={`Run or schedule ${job.name}`}
                    onClick={() => onAsk({ path: job.notebook!, job: job.name })}
                  >
                    Run …
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function NotebookLink({ path, actions }: { path: string; actions: IJobsActions }): React.ReactElement {
  return (
    <button type="button" className="mlops-Link" onClick={() => actions.openNotebook(path)}>
      {path}
    </button>
  );
}

function starts(job: IJob): string {
  if (job.schedule) {
    return `${job.schedule} ${job.timezone}`;
  }
  return job.after ? `after ${job.after}` : 'on demand';
}
