import { Poll } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import { type Api, ApiError } from './api';
import type { IProblem, IRunList, IRunsModel } from './tokens';

const SECOND = 1000;
const SLOWEST = 60 * SECOND;
/** So many answers alike, and the pace halves. */
const ALIKE = 10;

export class RunsModel implements IRunsModel {
  constructor(private readonly api: Api) {
    this.poll = new Poll({
      auto: false,
      factory: () => this.load(),
      frequency: { interval: this.pace, backoff: true, max: SLOWEST },
      name: 'mlops-nb:runs',
      standby: () => !this.visible || document.hidden
    });
  }

  list: IRunList | null = null;
  problem: IProblem | null = null;
  loading = false;

  get changed(): ISignal<IRunsModel, void> {
    return this._changed;
  }

  get path(): string {
    return this._path;
  }
  set path(path: string) {
    this.set(() => (this._path = path), path !== this._path);
  }

  get limit(): number {
    return this._limit;
  }
  set limit(limit: number) {
    this.set(() => (this._limit = limit), limit !== this._limit);
  }

  get interval(): number {
    return this._interval;
  }
  set interval(seconds: number) {
    this.set(() => (this._interval = Math.max(2, seconds)), seconds !== this._interval);
  }

  get visible(): boolean {
    return this._visible;
  }
  set visible(visible: boolean) {
    this.set(() => (this._visible = visible), visible !== this._visible);
  }

  async refresh(): Promise<void> {
    this.alike = 0;
    await this.poll.refresh();
    await this.poll.tick.catch(() => undefined); // `problem` says what went wrong
  }

  private set(assign: () => void, differs: boolean): void {
    if (!differs) {
      return;
    }
    assign();
    if (this._visible) {
      void this.refresh();
    }
  }

  private async load(): Promise<void> {
    const asked = this._path;
    this.loading = true;
    this._changed.emit();
    try {
      if (!this.compatible) {
        await this.api.checkVersion();
        this.compatible = true;
      }
      const list = await this.api.runs(asked, this._limit);
      if (asked !== this._path) {
        return; // the user has moved on; that document's answer is on its way
      }
      this.keepPace(JSON.stringify(list));
      this.list = list;
      this.listed = asked;
      this.problem = null;
    } catch (error) {
      // The server may come back as another version.
      this.compatible = false;
      if (asked !== this.listed) {
        this.list = null; // it may be another project's
      }
      this.problem = error instanceof ApiError ? error : new ApiError(String(error), '');
      throw error; // the poll backs off
    } finally {
      this.loading = false;
      this._changed.emit();
    }
  }

  /** Ask less often when the answer has been the same for a while. */
  private keepPace(answer: string): void {
    this.alike = answer === this.answer ? this.alike + 1 : 0;
    this.answer = answer;
    const { interval } = this.poll.frequency;
    if (interval !== this.pace) {
      this.poll.frequency = { interval: this.pace, backoff: true, max: SLOWEST };
    }
  }

  private get pace(): number {
    const slower = 2 ** Math.floor(this.alike / ALIKE);
    return Math.min(this._interval * SECOND * slower, SLOWEST / 2);
  }

  private alike = 0;
  private answer = '';
  private compatible = false;
  private listed = '';
  private readonly poll: Poll;
  private readonly _changed = new Signal<IRunsModel, void>(this);
  private _interval = 3;
  private _limit = 100;
  private _path = '';
  private _visible = false;
}
