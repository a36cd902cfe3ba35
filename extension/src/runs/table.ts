import type { IStateDB } from '@jupyterlab/statedb';
import { Poll } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import type { Api } from '../api';
import type { IPlace } from '../place';
import { asProblem } from '../polled';
import { anyRuns, type ITask, tasksOf } from '../tasks';
import type { IProblem, IRun, IRunList } from '../tokens';
import { type ISort, NEWEST_FIRST, sorted, usual } from './columns';

const INTERVAL = 3_000;
const SLOWEST = 30_000;
const FIRST = 200;
const PAGE = 1_000;
const REMEMBERED = 'mlops-nb:runs-table';

/** All runs of a project, read page by page and kept up to date from their newest end. */
export class RunTable {
  constructor(
    readonly api: Api,
    private readonly place: IPlace,
    private readonly state: IStateDB | null
  ) {
    this.poll = new Poll({
      auto: false,
      factory: () => this.follow(),
      frequency: { interval: INTERVAL, backoff: true, max: SLOWEST },
      name: 'mlops-nb:runs-table',
      standby: () => !this._visible || document.hidden
    });
    place.changed.connect(this.begin, this);
    void this.recall();
  }

  project = '';
  problem: IProblem | null = null;
  /** Whether older runs are still being read. */
  reading = false;
  read = false;
  tasks: readonly ITask[] = [];
  selected: ReadonlySet<string> = new Set();
  filter = '';
  onlyNotebook = false;
  sort: ISort = NEWEST_FIRST;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get path(): string {
    return this.place.path;
  }

  get notebook(): string {
    return this.path.endsWith('.ipynb') ? this.path : '';
  }

  /** The runs as they are shown. */
  get runs(): readonly IRun[] {
    return (this._sorted ??= sorted([...this.known.values()], this.sort));
  }

  get columns(): readonly string[] {
    return this.chosenColumns ?? this._usual;
  }

  get visible(): boolean {
    return this._visible;
  }
  set visible(visible: boolean) {
    const shown = visible && !this._visible;
    this._visible = visible;
    if (shown && !this.read) {
      this.begin();
    } else if (shown) {
      void this.poll.refresh();
    }
  }

  run(id: string): IRun | null {
    return this.known.get(id) ?? null;
  }

  choose(changes: Partial<Pick<RunTable, 'sort' | 'selected'>> & { columns?: string[] }): void {
    this.sort = changes.sort ?? this.sort;
    this.selected = changes.selected ?? this.selected;
    this.chosenColumns = changes.columns ?? this.chosenColumns;
    if (changes.sort || changes.columns) {
      this._sorted = null;
      const remembered = { columns: this.chosenColumns, sort: { ...this.sort } };
      void this.state?.save(REMEMBERED, remembered as never);
    }
    this._changed.emit();
  }

  look(changes: Partial<Pick<RunTable, 'filter' | 'onlyNotebook'>>): void {
    Object.assign(this, changes);
    this.begin();
  }

  /** Read everything anew. */
  begin(): void {
    this.turn += 1;
    this.known = new Map();
    this.touched();
    this.read = false;
    if (this._visible) {
      void this.readAll(this.turn);
    }
    this._changed.emit();
  }

  async follow(): Promise<void> {
    if (!this.read || this.reading) {
      return;
    }
    const turn = this.turn;
    const page = await this.page({ limit: String(Math.min(PAGE, this.lastRunning() + 1)) });
    const tasks = await tasksOf(this.api, this.path);
    if (turn !== this.turn) {
      return;
    }
    const before = JSON.stringify([page.runs, tasks]);
    if (before !== this.answer) {
      this.answer = before;
      this.tasks = tasks;
      this.merge(page);
      this._changed.emit();
    }
    this.poll.frequency = {
      interval: anyRuns(tasks) ? INTERVAL - 1_000 : INTERVAL,
      backoff: true,
      max: SLOWEST
    };
  }

  /** Do something to runs on the server, then show how they are. */
  async act(noun: string, body: object): Promise<boolean> {
    try {
      const answer = await this.api.post<{ runs?: IRun[] | string[] }>(noun, {
        path: this.path,
        ...body
      });
      this.problem = null;
      for (const run of answer.runs ?? []) {
        if (typeof run === 'string') {
          this.known.delete(run);
        } else {
          this.known.set(run.run_id, run);
        }
      }
      this.selected = new Set([...this.selected].filter(id => this.known.has(id)));
      this.answer = '';
      this.touched();
    } catch (error) {
      this.problem = asProblem(error);
    }
    this._changed.emit();
    await this.poll.refresh();
    return this.problem === null;
  }

  dispose(): void {
    this.turn += 1;
    this.place.changed.disconnect(this.begin, this);
    this.poll.dispose();
    Signal.clearData(this);
  }

  private async readAll(turn: number): Promise<void> {
    this.reading = true;
    this.problem = null;
    let before: Record<string, string> = {};
    let more = true;
    try {
      while (more && turn === this.turn) {
        const size = this.known.size;
        const page = await this.page({ limit: String(size ? PAGE : FIRST), ...before });
        if (turn !== this.turn) {
          return;
        }
        this.project = page.project;
        page.runs.forEach(run => this.known.set(run.run_id, run));
        this.read = true;
        more = page.more && this.known.size > size;
        before = { before: page.runs[page.runs.length - 1]?.started ?? '' };
        this.arrange();
        this._changed.emit();
      }
    } catch (error) {
      this.problem = turn === this.turn ? asProblem(error) : null;
    } finally {
      if (turn === this.turn) {
        this.reading = false;
        this._changed.emit();
        void this.poll.refresh();
      }
    }
  }

  private page(query: Record<string, string>): Promise<IRunList> {
    const notebook = this.onlyNotebook ? this.notebook : '';
    const asked = { path: this.path, filter: this.filter, notebook, ...query };
    return this.api.get<IRunList>('runs', asked);
  }

  /** Take over the newest runs; what is missing among them was deleted. */
  private merge(page: IRunList): void {
    const oldest = page.runs[page.runs.length - 1]?.started ?? '';
    const there = new Set(page.runs.map(run => run.run_id));
    for (const run of this.known.values()) {
      if (!there.has(run.run_id) && (!page.more || run.started > oldest)) {
        this.known.delete(run.run_id);
      }
    }
    page.runs.forEach(run => this.known.set(run.run_id, run));
    this.arrange();
  }

  /** Choose columns by the first runs: ones that jump while older runs arrive are no help. */
  private arrange(): void {
    this.touched();
    if (this.known.size <= FIRST) {
      this._usual = usual(this.runs);
    }
  }

  private lastRunning(): number {
    const newest = sorted([...this.known.values()], NEWEST_FIRST);
    let last = 99;
    newest.forEach((run, index) => {
      last = run.status === 'RUNNING' ? Math.max(last, index) : last;
    });
    return last;
  }

  private touched(): void {
    this._sorted = null;
  }

  private async recall(): Promise<void> {
    const kept = (await this.state?.fetch(REMEMBERED)) as
      | { columns?: string[] | null; sort?: ISort }
      | undefined;
    this.chosenColumns = kept?.columns ?? null;
    this.sort = kept?.sort ?? this.sort;
    this.touched();
    this._changed.emit();
  }

  private answer = '';
  private chosenColumns: string[] | null = null;
  private known = new Map<string, IRun>();
  private readonly poll: Poll;
  private turn = 0;
  private _sorted: readonly IRun[] | null = null;
  private _usual: readonly string[] = usual([]);
  private _visible = false;
  private readonly _changed = new Signal<this, void>(this);
}
