import type { ISharedNotebook } from '@jupyter/ydoc';
import type { INotebookContent } from '@jupyterlab/nbformat';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Api } from '../api';
import { type IOpenNotebook, type IServerPart, NotebookReadiness } from './notebookReadiness';
import type { IAssessment, INotebookReadiness, IReadiness, Severity } from './tokens';

/** Milliseconds after which a server part that was refused is asked for again. */
const RETRY = 60_000;

/** Looks at every open notebook, by one set of choices and over one connection. */
export class Readiness implements IReadiness {
  constructor(api: Api) {
    this.server = new CheckedServer(api);
  }

  get changed(): ISignal<IReadiness, INotebookReadiness> {
    return this._changed;
  }

  get enabled(): boolean {
    return this._enabled;
  }
  set enabled(enabled: boolean) {
    this._enabled = enabled;
    this.open.forEach(notebook => notebook.touch());
  }

  get shown(): Severity {
    return this._shown;
  }
  set shown(shown: Severity) {
    this._shown = shown;
    this.open.forEach(notebook => this._changed.emit(notebook));
  }

  delay = 400;

  of(notebook: ISharedNotebook | null | undefined): NotebookReadiness | undefined {
    return notebook ? this.open.get(notebook) : undefined;
  }

  /** Look at a notebook from now on. */
  add(notebook: IOpenNotebook): NotebookReadiness {
    const readiness = new NotebookReadiness(notebook, this.server, this, one =>
      this._changed.emit(one)
    );
    this.open.set(notebook.shared, readiness);
    readiness.touch();
    return readiness;
  }

  remove(notebook: ISharedNotebook): void {
    this.open.get(notebook)?.dispose();
    this.open.delete(notebook);
  }

  retry(): void {
    this.server.retry();
  }

  private readonly open = new Map<ISharedNotebook, NotebookReadiness>();
  private readonly server: CheckedServer;
  private readonly _changed = new Signal<IReadiness, INotebookReadiness>(this);
  private _enabled = true;
  private _shown: Severity = 'info';
}

/** The server part, once it is known to be there and of this version. */
class CheckedServer implements IServerPart {
  constructor(private readonly api: Api) {}

  async assess(body: string): Promise<IAssessment> {
    await this.checked();
    return this.api.post<IAssessment>('lint', body);
  }

  async change(body: object): Promise<{ content: INotebookContent; count: number }> {
    await this.checked();
    return this.api.post('lint/change', body);
  }

  /** Ask again, whatever the last answer was. */
  retry(): void {
    this.compatible = null;
  }

  /** A refusal holds for a while, so that the page does not ask in vain at every pause. */
  private async checked(): Promise<void> {
    if (this.compatible === null || Date.now() > this.refusedUntil) {
      this.refusedUntil = Infinity;
      this.compatible = this.api.checkVersion();
      this.compatible.catch(() => (this.refusedUntil = Date.now() + RETRY));
    }
    await this.compatible;
  }

  private compatible: Promise<void> | null = null;
  private refusedUntil = Infinity;
}
