import { Poll } from '@lumino/polling';
import { type ISignal, Signal } from '@lumino/signaling';

import { type Api, ApiError } from './api';
import type { IPlace } from './place';
import type { IProblem } from './tokens';

/** Milliseconds between two questions while something runs, and while nothing does. */
const BUSY = 2_000;
const IDLE = 10_000;
export const SLOWEST = 60_000;

export interface IPolledOptions<T> {
  name: string;
  api: Api;
  place: IPlace;
  /** Ask the server for everything the view shows of a document's project. */
  ask: (path: string) => Promise<T>;
  /** Whether something in the answer is under way. */
  isBusy: (answer: T) => boolean;
  /** Milliseconds between two questions while nothing is; 10 s unless told. */
  idle?: number;
}

/** What a view shows, asked for again while somebody looks. */
export class Polled<T> {
  constructor(private readonly options: IPolledOptions<T>) {
    this.poll = new Poll({
      auto: false,
      factory: () => this.load(),
      frequency: { interval: options.idle ?? IDLE, backoff: true, max: SLOWEST },
      name: `mlops-nb:${options.name}`,
      standby: () => !this._visible || document.hidden
    });
    options.place.changed.connect(this.move, this);
  }

  answer: T | null = null;
  problem: IProblem | null = null;
  loading = false;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get path(): string {
    return this.options.place.path;
  }

  get visible(): boolean {
    return this._visible;
  }
  set visible(visible: boolean) {
    const shown = visible && !this._visible;
    this._visible = visible;
    if (shown) {
      void this.refresh();
    }
  }

  async refresh(): Promise<void> {
    await this.poll.refresh();
    await this.poll.tick.catch(() => undefined); // `problem` says what went wrong
  }

  /** Draw again what does not come from the server. */
  redraw(): void {
    this._changed.emit();
  }

  dispose(): void {
    this.options.place.changed.disconnect(this.move, this);
    this.poll.dispose();
    Signal.clearData(this);
  }

  private move(): void {
    if (this._visible) {
      void this.refresh();
    }
  }

  private async load(): Promise<void> {
    const asked = this.path;
    this.loading = true;
    this._changed.emit();
    try {
      if (!this.compatible) {
        await this.options.api.checkVersion();
        this.compatible = true;
      }
      const answer = await this.options.ask(asked);
      if (asked !== this.path) {
        return; // the user has moved on; that document's answer is on its way
      }
      this.answer = answer;
      this.answered = asked;
      this.problem = null;
      this.keepPace(this.options.isBusy(answer) ? BUSY : (this.options.idle ?? IDLE));
    } catch (error) {
      this.compatible = false; // the server may come back as another version
      if (asked !== this.answered) {
        this.answer = null; // it may be another project's
      }
      this.problem = asProblem(error);
      throw error; // the poll backs off
    } finally {
      this.loading = false;
      this._changed.emit();
    }
  }

  private keepPace(interval: number): void {
    if (this.poll.frequency.interval !== interval) {
      this.poll.frequency = { interval, backoff: true, max: SLOWEST };
    }
  }

  private answered = '';
  private compatible = false;
  private readonly poll: Poll;
  private _visible = false;
  private readonly _changed = new Signal<this, void>(this);
}

/** What an error says to the user. */
export function asProblem(error: unknown): IProblem {
  return error instanceof ApiError ? error : new ApiError(String(error), '');
}
