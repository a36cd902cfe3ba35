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

/** A length in words, the two largest units of it, as `mlops lifecycle` tells it: `3 d 4 h`. */
export function lasting(seconds: number): string {
  if (seconds < 1) {
    return seconds > 0 ? `${Math.round(seconds * 1000)} ms` : '0 s';
  }
  let rest = Math.round(seconds);
  const parts: string[] = [];
  for (const [unit, worth] of [['d', DAY], ['h', HOUR], ['min', MINUTE], ['s', 1]] as const) {
    const count = Math.floor(rest / worth);
    rest %= worth;
    if (count > 0) {
      parts.push(`${count} ${unit}`);
    } else if (parts.length > 0) {
      break;
    }
  }
  return parts.slice(0, 2).join(' ');
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

/** Seconds as a clock shows them: `0:07`, `12:30`, `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(whole / HOUR);
  const minutes = Math.floor((whole % HOUR) / MINUTE);
  return hours ? `${hours}:${two(minutes)}:${two(whole % MINUTE)}` : `${minutes}:${two(whole % MINUTE)}`;
}

/** Bytes in one unit: `512 kB`, `1.2 GB`. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit > 2 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** A status in words: `kernel died`. */
export function words(status: string): string {
  return status.replace(/_/g, ' ') || 'never ran';
}
