import React from 'react';

import { figure } from '../format';
import { linear, ticks } from './scale';

const WIDTH = 560;
const HEIGHT = 190;
const LEFT = 56;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 24;

export interface ISeries {
  readonly name: string;
  /** In the order of x; what is no number leaves a gap. */
  readonly points: readonly (readonly [number, number | string | null])[];
}

interface ILineChartProps {
  title: string;
  series: readonly ISeries[];
  /** How a place on the x axis is told. */
  label?: (x: number) => string;
  /** A value to reach or stay under. */
  goal?: number | null;
  /** The series to bring out. */
  chosen?: number | null;
}

/** Lines over steps or times; arrow keys or the mouse move a cursor that tells the values. */
export function LineChart(props: ILineChartProps): React.ReactElement {
  const { title, series, goal = null, chosen = null } = props;
  const label = props.label ?? String;
  const [at, setAt] = React.useState<number | null>(null);
  const xs = [...new Set(series.flatMap(one => one.points.map(([x]) => x)))].sort((a, b) => a - b);
  const ys = series.flatMap(one => one.points.map(([, y]) => y).filter(isNumber));
  const known = goal === null ? ys : [...ys, goal];
  const across = linear(xs, LEFT, WIDTH - RIGHT);
  const up = linear(known, HEIGHT - BOTTOM, TOP);
  const low = known.reduce((a, b) => Math.min(a, b), Infinity);
  const high = known.reduce((a, b) => Math.max(a, b), -Infinity);
  const ends = xs.length > 1 ? [xs[0]!, xs[xs.length - 1]!] : xs;

  const move = (event: React.KeyboardEvent): void => {
    const last = xs.length - 1;
    const now = at ?? -1;
    const to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: last }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      setAt(Math.max(0, Math.min(last, to)));
    }
  };
  const point = (event: React.MouseEvent<SVGSVGElement>): void => {
    const box = event.currentTarget.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDTH;
    setAt(nearest(xs, value => Math.abs(across(value) - x)));
  };
  return (
    <figure className="mlops-Chart">
      <figcaption>{title}</figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        tabIndex={0}
        aria-label={summary(title, series)}
        onKeyDown={move}
        onMouseMove={point}
        onMouseLeave={() => setAt(null)}
        onBlur={() => setAt(null)}
      >
        {ticks(low, high).map(value => (
          <g key={value}>
            <line className="mlops-Chart-grid" x1={LEFT} x2={WIDTH - RIGHT} y1={up(value)} y2={up(value)} />
            <text x={LEFT - 6} y={up(value) + 4} textAnchor="end">
              {figure(value)}
            </text>
          </g>
        ))}
        {ends.map((x, end) => (
          <text key={x} x={across(x)} y={HEIGHT - 6} textAnchor={anchor(end, ends.length)}>
            {label(x)}
          </text>
        ))}
        {goal !== null && (
          <line className="mlops-Chart-goal" x1={LEFT} x2={WIDTH - RIGHT} y1={up(goal)} y2={up(goal)} />
        )}
        {at !== null && xs[at] !== undefined && (
          <line className="mlops-Chart-cursor" x1={across(xs[at])} x2={across(xs[at])} y1={TOP} y2={HEIGHT - BOTTOM} />
        )}
        {series.map((one, number) => (
          <Line key={number} number={number} series={one} across={across} up={up} faint={chosen !== null && chosen !== number} />
        ))}
      </svg>
      <p className="mlops-Chart-values" aria-live="polite">
        {at !== null && xs[at] !== undefined ? told(xs[at], series, label) : '\u00a0'}
      </p>
    </figure>
  );
}

interface ILineProps {
  number: number;
  series: ISeries;
  across: (x: number) => number;
  up: (y: number) => number;
  faint: boolean;
}

function Line({ number, series, across, up, faint }: ILineProps): React.ReactElement {
  const placed = series.points
    .filter((point): point is readonly [number, number] => isNumber(point[1]))
    .map(([x, y]) => [across(x), up(y)] as const);
  return (
    <g className="mlops-Chart-series" data-series={number} data-faint={faint}>
      <polyline points={placed.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')} />
      {placed.length < 40 &&
        placed.map(([x, y], index) => <circle key={index} cx={x} cy={y} r={2.5} />)}
    </g>
  );
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function nearest(xs: readonly number[], distance: (x: number) => number): number | null {
  let best: number | null = null;
  xs.forEach((x, index) => {
    if (best === null || distance(x) < distance(xs[best]!)) {
      best = index;
    }
  });
  return best;
}

function anchor(end: number, count: number): 'start' | 'middle' | 'end' {
  return count < 2 ? 'middle' : end === 0 ? 'start' : 'end';
}

function told(x: number, series: readonly ISeries[], label: (x: number) => string): string {
  const values = series.flatMap(one => {
    const found = one.points.find(point => point[0] === x)?.[1];
    return found === undefined || found === null ? [] : [`${one.name} ${figure(found)}`];
  });
  return `${label(x)}: ${values.join(', ')}`;
}

function summary(title: string, series: readonly ISeries[]): string {
  const last = series.map(one => {
    const value = one.points[one.points.length - 1]?.[1];
    return `${one.name} ends at ${value === undefined || value === null ? 'nothing' : figure(value)}`;
  });
  return `${title}: ${last.join(', ')}. Arrow keys tell the values.`;
}
