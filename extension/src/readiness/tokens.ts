import type { ISharedNotebook } from '@jupyter/ydoc';
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { IProblem } from '../tokens';

export type Severity = 'error' | 'warning' | 'info';

/** The gravest first. */
export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** Something the linter found, as the server sends it; lines and columns count from 1. */
export interface IFinding {
  readonly code: string;
  readonly severity: Severity;
  readonly message: string;
  /** There is a fix that leaves what the notebook does as it is. */
  readonly fixable: boolean;
  /** There is a fix that may change what the notebook does. */
  readonly unsafe: boolean;
  /** Place in the file. */
  readonly line: number;
  readonly column: number;
  /** Index of the cell; null: the whole notebook. */
  readonly cell: number | null;
  /** Place in the cell's text, in characters; null: the whole cell. */
  readonly cell_line: number | null;
  readonly cell_column: number | null;
  readonly cell_end_line: number | null;
  readonly cell_end_column: number | null;
}

export interface IRule {
  readonly name: string;
  readonly summary: string;
  readonly why: string;
}

/** A point of the checklist, or the verdict over all of them. */
export interface IPoint {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly advice: string;
  readonly evidence: { readonly cell?: number | null; readonly codes?: readonly string[] };
}

export interface IAssessment {
  readonly diagnostics: readonly IFinding[];
  readonly rules: Readonly<Record<string, IRule>>;
  readonly points: readonly IPoint[];
  readonly verdict: IPoint | null;
  /** Why the notebook was not looked at; empty: it was. */
  readonly skipped: string;
}

/** Make the safe fixes, make all fixes, or write suppressions. */
export type Change = 'safe' | 'all' | 'accept';

/** What there is to say of one open notebook, kept up to date while it is edited. */
export interface INotebookReadiness {
  readonly assessment: IAssessment | null;
  readonly problem: IProblem | null;
  /** The findings that the settings show. */
  readonly findings: readonly IFinding[];
  /** The shown findings of a cell; none when its text is not `source` any more. */
  findingsIn(cellId: string, source: string): readonly IFinding[];
  /** Id of the cell that a finding or a point is about; null when it is gone. */
  cellOf(place: { cell?: number | null }): string | null;
  /** Resolves once everything typed so far has been looked at. */
  settled(): Promise<void>;
  /** Look at the notebook now, whether it has changed or not. */
  check(): Promise<void>;
  /** Fix or accept a finding, or all of them; the answer says what was done. */
  change(change: Change, finding?: IFinding): Promise<IChangeMade>;
}

export interface IChangeMade {
  /** How many findings it settled. */
  readonly count: number;
  /** Take it back; false: the notebook has moved on. */
  undo(): boolean;
}

/** The readiness of all open notebooks. */
export interface IReadiness {
  enabled: boolean;
  /** Milliseconds without typing after which a notebook is looked at. */
  delay: number;
  /** The lightest findings that are shown. */
  shown: Severity;
  /** Emits the notebook of which there is something new to say. */
  readonly changed: ISignal<IReadiness, INotebookReadiness>;
  /** Ask a server part that was missing or of another version again. */
  retry(): void;
  of(notebook: ISharedNotebook | null | undefined): INotebookReadiness | undefined;
}

export const IReadiness = new Token<IReadiness>(
  'mlops-nb:IReadiness',
  'Whether the open notebooks are ready for production.'
);
