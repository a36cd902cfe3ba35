/** Where values stand between two ends of a drawing. */
export type Scale = (value: number) => number;

/** Map the range of some values to pixels; a single value stands in the middle. */
export function linear(values: readonly number[], from: number, to: number): Scale {
  const finite = values.filter(Number.isFinite);
  const low = finite.length ? finite.reduce((a, b) => Math.min(a, b)) : 0;
  const high = finite.length ? finite.reduce((a, b) => Math.max(a, b)) : 0;
  return value => (high > low ? from + ((value - low) / (high - low)) * (to - from) : (from + to) / 2);
}

/** Put texts at even distances, in their order. */
export function ordinal(values: readonly string[], from: number, to: number): (v: string) => number {
  const distinct = [...new Set(values)].sort();
  return value =>
    distinct.length > 1
      ? from + (distinct.indexOf(value) / (distinct.length - 1)) * (to - from)
      : (from + to) / 2;
}

/** At most so many round values that span a range. */
export function ticks(low: number, high: number, most = 4): number[] {
  if (!(high > low)) {
    return Number.isFinite(low) ? [low] : [];
  }
  const rough = (high - low) / most;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(n => n * size).find(n => n >= rough) ?? rough;
  const found: number[] = [];
  for (let n = Math.ceil(low / step); n * step <= high + step * 1e-9; n++) {
    found.push(Number((n * step).toPrecision(12)));
  }
  return found;
}
