import type { ISharedNotebook } from '@jupyter/ydoc';
import type { INotebookContent } from '@jupyterlab/nbformat';
import { PromiseDelegate } from '@lumino/coreutils';

import { ApiError } from '../api';
import type { IProblem } from '../tokens';
import { transformed, withIds } from './transform';
import {
  type Change,
  type IAssessment,
  type IChangeMade,
  type IFinding,
  type INotebookReadiness,
  SEVERITIES,
  type Severity
} from './tokens';

/** The most that a slow server or a large notebook may stretch the pause to, in milliseconds. */
const LONGEST = 10_000;
/** A notebook is looked at for at most this part of the time. */
const SHARE = 1 / 4;

/** The notebook that is looked at, as far as it matters here. */
export interface IOpenNotebook {
  readonly shared: ISharedNotebook;
  /** Where it is saved, from the server's root. */
  readonly path: string;
  /** Its content as it would be saved now. */
  content(): INotebookContent;
  /** Indices of the cells that were changed since they ran. */
  edited(): number[];
}

/** Asks the server part; rejects with an `ApiError`. */
export interface IServerPart {
  assess(body: string): Promise<IAssessment>;
  change(body: object): Promise<{ content: INotebookContent; count: number }>;
}

export interface IChoices {
  readonly enabled: boolean;
  readonly delay: number;
  readonly shown: Severity;
}

/**
 * What there is to say of one notebook.
 *
 * One request is under way at a time. What was typed meanwhile is looked at next; until then the
 * findings of cells whose text has moved on are not given out.
 */
export class NotebookReadiness implements INotebookReadiness {
  constructor(
    private readonly notebook: IOpenNotebook,
    private readonly server: IServerPart,
    private readonly choices: IChoices,
    private readonly tell: (readiness: INotebookReadiness) => void
  ) {}

  assessment: IAssessment | null = null;
  problem: IProblem | null = null;

  get findings(): readonly IFinding[] {
    const least = SEVERITIES.indexOf(this.choices.shown);
    const all = this.assessment?.diagnostics ?? [];
    return all.filter(finding => SEVERITIES.indexOf(finding.severity) <= least);
  }

  findingsIn(cellId: string, source: string): readonly IFinding[] {
    const index = this.ids.indexOf(cellId);
    if (index < 0 || this.sources[index] !== source) {
      return [];
    }
    return this.findings.filter(finding => finding.cell === index);
  }

  cellOf(place: { cell?: number | null }): string | null {
    const id = this.ids[place.cell ?? -1];
    return this.notebook.shared.cells.some(cell => cell.getId() === id) ? (id ?? null) : null;
  }

  async settled(): Promise<void> {
    await this.pending?.promise;
  }

  /** The notebook has changed, or what lies around it `anew`: look at it after a pause. */
  touch(anew = false): void {
    if (anew) {
      this.looked = '';
    }
    if (this.disposed) {
      return;
    }
    if (!this.choices.enabled) {
      this.forget();
      return;
    }
    this.pending ??= new PromiseDelegate();
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.look(), this.pause);
  }

  async check(): Promise<void> {
    this.touch(true);
    if (!this.choices.enabled) {
      return;
    }
    window.clearTimeout(this.timer);
    await this.look();
    await this.settled();
  }

  async change(change: Change, finding?: IFinding): Promise<IChangeMade> {
    if (finding !== undefined) {
      await this.check();
    }
    const now = finding && this.nowAt(finding);
    if (finding !== undefined && now === undefined) {
      return NOTHING_DONE;
    }
    const { path, shared } = this.notebook;
    const content = this.notebook.content();
    const before = withIds(content, shared.cells);
    const place = now && { code: now.code, line: now.line, column: now.column };
    const answer = await this.server.change({
      path,
      content,
      change,
      ...(place && { finding: place })
    });
    const after = transformed(shared, before, answer.content);
    if (after === null) {
      throw new ApiError('The notebook was edited meanwhile, nothing was changed.', 'Try again.');
    }
    void this.check();
    return { count: answer.count, undo: () => transformed(shared, after, before) !== null };
  }

  dispose(): void {
    this.disposed = true;
    this.forget();
  }

  private forget(): void {
    window.clearTimeout(this.timer);
    this.sequence++;
    this.assessment = null;
    this.problem = null;
    this.looked = '';
    this.done();
  }

  private async look(): Promise<void> {
    if (this.busy) {
      this.again = true;
      return;
    }
    const body = this.body();
    if (body === this.looked) {
      this.done();
      return;
    }
    const mine = ++this.sequence;
    const { cells } = this.notebook.shared;
    const [ids, sources] = [cells.map(c => c.getId()), cells.map(c => c.getSource())];
    const started = Date.now();
    this.busy = true;
    try {
      const assessment = await this.server.assess(body);
      if (mine === this.sequence) {
        [this.ids, this.sources, this.looked] = [ids, sources, body];
        [this.assessment, this.problem] = [assessment, null];
      }
    } catch (error) {
      if (mine === this.sequence) {
        this.looked = '';
        this.problem = error instanceof ApiError ? error : new ApiError(String(error), '');
      }
    }
    this.busy = false;
    this.took = Date.now() - started;
    this.next(mine);
  }

  /** What comes after an answer: what was typed meanwhile, or rest. */
  private next(mine: number): void {
    if (this.again && !this.disposed) {
      this.again = false;
      this.touch();
    } else if (mine === this.sequence) {
      this.done();
    }
  }

  private done(): void {
    this.pending?.resolve();
    this.pending = null;
    this.tell(this);
  }

  private body(): string {
    const { path } = this.notebook;
    return JSON.stringify({
      path,
      content: this.notebook.content(),
      edited: this.notebook.edited()
    });
  }

  /** The same finding in the latest answer, though lines may have moved. */
  private nowAt(finding: IFinding): IFinding | undefined {
    const alike = (this.assessment?.diagnostics ?? []).filter(
      other =>
        other.code === finding.code &&
        other.cell === finding.cell &&
        other.message === finding.message
    );
    return alike.find(other => other.cell_line === finding.cell_line) ?? alike[0];
  }

  private get pause(): number {
    const least = this.choices.delay;
    return Math.max(least, Math.min(this.took / SHARE, LONGEST));
  }

  private again = false;
  private busy = false;
  private disposed = false;
  private ids: readonly string[] = [];
  /** The body of the last request that was answered. */
  private looked = '';
  private pending: PromiseDelegate<void> | null = null;
  /** An answer to an earlier one than this is not wanted any more. */
  private sequence = 0;
  private sources: readonly string[] = [];
  private timer = 0;
  private took = 0;
}

const NOTHING_DONE: IChangeMade = { count: 0, undo: () => false };
