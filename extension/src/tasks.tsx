import React from 'react';

import type { Api } from './api';

/** A command that the server runs in the background. */
export interface ITask {
  readonly id: string;
  readonly verb: string;
  /** A run's id, a job's or a model's name. */
  readonly subject: string;
  readonly started: string;
  readonly status: 'running' | 'ended';
  readonly seconds?: number;
  readonly exit_code?: number;
  /** The command's own JSON; null when it came to none. */
  readonly answer?: unknown;
  /** Why it came to none. */
  readonly problem?: string;
}

export async function tasksOf(api: Api, path: string): Promise<readonly ITask[]> {
  return (await api.get<{ tasks: ITask[] }>('tasks', { path })).tasks;
}

export function anyRuns(tasks: readonly ITask[]): boolean {
  return tasks.some(task => task.status === 'running');
}

const DOING: Readonly<Record<string, string>> = {
  reproduce: 'Reproducing',
  register: 'Registering',
  evaluate: 'Evaluating',
  promote: 'Promoting',
  rollback: 'Rolling back',
  job: 'Running job'
};

interface ITaskLineProps {
  task: ITask;
  name?: string;
  onStop: (task: ITask) => void;
  children?: React.ReactNode;
}

/** One task: what it does, or how it ended. */
export function TaskLine({ task, name, onStop, children }: ITaskLineProps): React.ReactElement {
  const what = `${DOING[task.verb] ?? task.verb} ${name ?? task.subject}`;
  if (task.status === 'running') {
    return (
      <div className="mlops-Task" role="status">
        <span>{what} …</span>
        <button type="button" className="jp-mod-styled mlops-Button" onClick={() => onStop(task)}>
          Stop
        </button>
      </div>
    );
  }
  const problem = task.problem ?? '';
  return (
    <div className="mlops-Task" role="status">
      {problem ? (
        <div className="mlops-Task-problem">
          <b>{what} failed</b>
          <pre>{problem}</pre>
        </div>
      ) : (
        (children || <span>{what}: done</span>)
      )}
    </div>
  );
}
