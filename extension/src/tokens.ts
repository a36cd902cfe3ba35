import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

/** A run as the server sends it. */
export interface IRun {
  readonly run_id: string;
  readonly uid: string;
  readonly name: string;
  readonly status: string;
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly ended: string | null;
  readonly job: string;
  readonly notebook: string;
  readonly params: Readonly<Record<string, string>>;
  /** Figures that JSON has no number for (nan, inf) come as text. */
  readonly metrics: Readonly<Record<string, number | string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly starred: boolean;
  /** `reproduced`, `different` or `impossible` once it was made again; else empty. */
  readonly reproduced: string;
}

export interface IRunList {
  readonly project: string;
  readonly runs: readonly IRun[];
  /** There are older runs than these. */
  readonly more: boolean;
}

/** Something the user should know of, with what to do about it. */
export interface IProblem {
  readonly message: string;
  readonly hint: string;
}

/** The runs of the project around the current document, kept up to date while somebody looks. */
export interface IRunsModel {
  readonly list: IRunList | null;
  readonly problem: IProblem | null;
  readonly loading: boolean;
  readonly changed: ISignal<IRunsModel, void>;
  /** Document or folder whose project is shown, from the server's root. */
  path: string;
  /** How many runs to ask for. */
  limit: number;
  /** Seconds between two refreshes while there are changes. */
  interval: number;
  /** Whether somebody looks. */
  visible: boolean;
  refresh(): Promise<void>;
}

export const IRunsModel = new Token<IRunsModel>(
  'mlops-nb:IRunsModel',
  'The runs of the project around the current document.'
);
