const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, in one unit: `just now`, `5 min ago`, `3 h ago`, then the date. */
export function ago(iso: string, now: Date): string {
  const then = new Date(iso);
  const seconds = (now.getTime() - then.getTime()) / 1000;
  if (Number.isNaN(seconds)) {
    return '';
  }
  if (seconds < 10) {
    return 'just now';
  }
  if (seconds < MINUTE) {
    return `${Math.floor(seconds)} s ago`;
  }
  if (seconds < HOUR) {
    return `${Math.floor(seconds / MINUTE)} min ago`;
  }
  if (seconds < DAY) {
    return `${Math.floor(seconds / HOUR)} h ago`;
  }
  if (seconds < 7 * DAY) {
    return `${Math.floor(seconds / DAY)} d ago`;
  }
  return then.toLocaleDateString();
}

/** The date and time in full, in the reader's own form. */
export function moment(iso: string): string {
  return new Date(iso).toLocaleString();
}

/** Time between two moments, in at most two units: `420 ms`, `12.3 s`, `4 min 10 s`, `2 h 5 min`. */
export function duration(started: string, ended: string): string {
  const milliseconds = Math.max(0, new Date(ended).getTime() - new Date(started).getTime());
  const seconds = milliseconds / 1000;
  if (Number.isNaN(seconds)) {
    return '';
  }
  if (seconds < 1) {
    return `${Math.round(milliseconds)} ms`;
  }
  if (seconds < MINUTE) {
    return `${seconds.toFixed(1)} s`;
  }
  const whole = Math.round(seconds);
  if (whole < HOUR) {
    return `${Math.floor(whole / MINUTE)} min ${whole % MINUTE} s`;
  }
  return `${Math.floor(whole / HOUR)} h ${Math.floor((whole % HOUR) / MINUTE)} min`;
}

/** Four digits that count; what is no number is shown as it came. */
export function figure(value: number | string): string {
  if (typeof value === 'string') {
    return value;
  }
  if (Number.isInteger(value) && Math.abs(value) < 1e9) {
    return String(value);
  }
  const size = Math.abs(value);
  return size >= 1e-4 && size < 1e6
    ? String(Number(value.toPrecision(4)))
    : value.toExponential(3);
}

/** Order of metrics: `auc` before `forest.training_seconds`, which was found, not asked for. */
export function plainFirst([one]: [string, unknown], [other]: [string, unknown]): number {
  return Number(one.includes('.')) - Number(other.includes('.'));
}
