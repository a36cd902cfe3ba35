import { ago, duration, figure, plainFirst } from '../format';
import type { IRun } from '../tokens';

export type Value = string | number | null;

/** One column of the table. */
export interface IColumn {
  /** `name`, `started` …, or `metrics.auc`, `params.depth`, `tags.team`. */
  readonly id: string;
  readonly label: string;
  /** A width of a CSS grid. */
  readonly width: string;
  readonly numeric: boolean;
  /** What the rows are put in order by. */
  readonly value: (run: IRun) => Value;
  readonly text: (run: IRun, now: Date) => string;
}

export interface ISort {
  readonly column: string;
  readonly descending: boolean;
}

export const NEWEST_FIRST: ISort = { column: 'started', descending: true };

const FIRST_METRICS = 4;
const FIRST_PARAMS = 3;

const FIXED: readonly IColumn[] = [
  column('name', 'Name', 'minmax(160px, 2fr)', run => run.name),
  column('status', 'Status', '90px', run => run.status.toLowerCase()),
  {
    ...column('started', 'Started', '100px', run => run.started),
    text: (run, now) => ago(run.started, now)
  },
  {
    ...column('duration', 'Duration', '90px', seconds),
    numeric: true,
    text: run => (run.ended === null ? '' : duration(run.started, run.ended))
  },
  column('notebook', 'Notebook', 'minmax(90px, 1fr)', run => run.notebook),
  column('job', 'Job', '90px', run => run.job),
  column('reproduced', 'Reproduced', '100px', run => run.reproduced),
  column('run_id', 'Run id', '90px', run => run.run_id)
];

function column(id: string, label: string, width: string, value: (run: IRun) => Value): IColumn {
  const text = (run: IRun): string => {
    const found = value(run);
    return found === null ? '' : figure(found);
  };
  return { id, label, width, numeric: false, value, text };
}

function seconds(run: IRun): number | null {
  return run.ended === null ? null : Date.parse(run.ended) - Date.parse(run.started);
}

/** The column of an id, whether a run has it or not. */
export function columnOf(id: string): IColumn | null {
  const fixed = FIXED.find(one => one.id === id);
  const [kind, ...rest] = id.split('.');
  const key = rest.join('.');
  if (fixed || !key) {
    return fixed ?? null;
  }
  switch (kind) {
    case 'metrics':
      return { ...column(id, key, 'minmax(84px, 1fr)', run => number(run.metrics[key])), numeric: true };
    case 'params':
      return column(id, key, 'minmax(84px, 1fr)', run => comparable(run.params[key]));
    case 'tags':
      return column(id, key, 'minmax(84px, 1fr)', run => run.tags[key] ?? null);
    default:
      return null;
  }
}

function number(value: number | string | undefined): Value {
  return value ?? null;
}

/** A parameter is text; one that is a number is put in order as such. */
function comparable(value: string | undefined): Value {
  return value === undefined ? null : value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
}

/** Every column that some runs can fill: the fixed ones, then what most of them have. */
export function available(runs: readonly IRun[]): string[] {
  return [
    ...FIXED.map(one => one.id),
    ...frequent(runs, 'metrics').sort((a, b) => plainFirst([a, 0], [b, 0])),
    ...frequent(runs, 'params'),
    ...frequent(runs, 'tags')
  ];
}

/** The columns of somebody who has chosen none. */
export function usual(runs: readonly IRun[]): string[] {
  const metrics = frequent(runs, 'metrics').sort((a, b) => plainFirst([a, 0], [b, 0]));
  const params = frequent(runs, 'params');
  return [
    ...['name', 'status', 'started', 'duration'],
    ...metrics.slice(0, FIRST_METRICS),
    ...params.slice(0, FIRST_PARAMS)
  ];
}

function frequent(runs: readonly IRun[], kind: 'metrics' | 'params' | 'tags'): string[] {
  const counts = new Map<string, number>();
  for (const run of runs) {
    for (const key of Object.keys(run[kind])) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return [...counts]
    .sort(([a, n], [b, m]) => m - n || a.localeCompare(b))
    .map(([key]) => `${kind}.${key}`);
}

/** Runs in order; those without a value come last, whichever way. */
export function sorted(runs: readonly IRun[], sort: ISort): readonly IRun[] {
  const found = columnOf(sort.column);
  if (found === null) {
    return runs;
  }
  const keyed = runs.map(run => ({ run, key: found.value(run) }));
  const sign = sort.descending ? -1 : 1;
  keyed.sort((a, b) => {
    if (a.key === null || b.key === null) {
      return Number(a.key === null) - Number(b.key === null);
    }
    return sign * order(a.key, b.key);
  });
  return keyed.map(one => one.run);
}

function order(a: string | number, b: string | number): number {
  if (typeof a === 'number' && typeof b === 'number') {
    return a - b;
  }
  // Not localeCompare(): ten thousand of its comparisons take a quarter of a second.
  const [one, other] = [String(a), String(b)];
  return one < other ? -1 : one > other ? 1 : 0;
}
