import type { ITask } from '../tasks';

/** A job as the server tells it. */
export interface IJob {
  readonly name: string;
  /** From the server's root; null outside of it. */
  readonly notebook: string | null;
  readonly schedule: string;
  readonly timezone: string;
  readonly after: string;
  /** How it ended last; empty before the first time. */
  readonly status: string;
  readonly next_due: string | null;
}

export interface IProgress {
  /** From 1; 0 while the kernel starts. */
  readonly cell: number;
  readonly cells: number;
  readonly seconds: number;
  /** Bytes. */
  readonly peak: number;
}

export interface IAttempt {
  readonly attempt: string;
  readonly job: string;
  readonly logical_time: string;
  readonly origin: string;
  readonly status: string;
  readonly started: string;
  readonly ended: string | null;
  readonly run_id: string | null;
  readonly message: string;
  readonly output: boolean;
  readonly report: boolean;
  readonly progress: IProgress | null;
}

export interface IJobs {
  readonly project: string;
  readonly jobs: readonly IJob[];
  readonly attempts: readonly IAttempt[];
  readonly overdue: readonly string[];
}

/** All that the view shows. */
export interface IJobsAnswer extends IJobs {
  readonly tasks: readonly ITask[];
}

export interface IField {
  readonly name: string;
  readonly kind: string;
  /** The default as the cell has it. */
  readonly source: string;
  /** The default as it would be typed; null when only running the cell would tell. */
  readonly default: string | null;
  /** What the job's table sets, as it would be typed. */
  readonly value: string | null;
  readonly optional: boolean;
  readonly choices: readonly string[];
  readonly minimum: string | null;
  readonly maximum: string | null;
  readonly secret: string;
  /** An attempt fills it in itself. */
  readonly filled: boolean;
}

export interface IForm {
  readonly job: string;
  /** The jobs that run this notebook. */
  readonly jobs: readonly string[];
  readonly notebook: string;
  readonly schedule: string;
  readonly timezone: string;
  readonly fields: readonly IField[];
}
