import React from 'react';

import { figure } from '../format';
import { linear, ordinal } from './scale';

const WIDTH = 900;
const HEIGHT = 240;
const SIDE = 70;
const TOP = 14;
const BOTTOM = 30;
const LABEL = 16;

export interface IAxis {
  readonly name: string;
  /** One a run; null where a run has none. */
  readonly values: readonly (number | string | null)[];
}

interface IParallelChartProps {
  names: readonly string[];
  axes: readonly IAxis[];
  chosen: number | null;
}

/** An axis a parameter or metric, a line a run; what is the same in all runs is left out. */
export function ParallelChart({ names, axes, chosen }: IParallelChartProps): React.ReactElement | null {
  const used = axes.filter(axis => new Set(axis.values).size > 1);
  if (used.length < 2) {
    return null;
  }
  const place = (index: number): number => SIDE + (index * (WIDTH - 2 * SIDE)) / (used.length - 1);
  const heights = used.map(axis => height(axis));
  return (
    <figure className="mlops-Chart mlops-mod-wide">
      <figcaption>Parameters and metrics that differ</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={summary(names, used)}>
        {used.map((axis, index) => (
          <Axis key={axis.name} axis={axis} x={place(index)} height={heights[index]!} />
        ))}
        {names.map((name, run) => {
          const points = used.flatMap((axis, index) => {
            const value = axis.values[run] ?? null;
            return value === null ? [] : [[place(index), heights[index]!(value)] as const];
          });
          return (
            <g key={run} className="mlops-Chart-series" data-series={run} data-faint={chosen !== null && chosen !== run}>
              <title>{name}</title>
              <polyline points={points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')} />
              {points.map(([x, y], index) => (
                <circle key={index} cx={x} cy={y} r={3} />
              ))}
            </g>
          );
        })}
      </svg>
    </figure>
  );
}

type Height = (value: number | string) => number;

function height(axis: IAxis): Height {
  const known = axis.values.filter(value => value !== null);
  if (known.every(value => typeof value === 'number')) {
    const scale = linear(known as number[], HEIGHT - BOTTOM, TOP);
    return value => scale(value as number);
  }
  const scale = ordinal(known.map(String), HEIGHT - BOTTOM, TOP);
  return value => scale(String(value));
}

function Axis({ axis, x, height }: { axis: IAxis; x: number; height: Height }): React.ReactElement {
  const shown = [...new Set(axis.values.filter(value => value !== null))];
  return (
    <g>
      <line className="mlops-Chart-axis" x1={x} x2={x} y1={TOP} y2={HEIGHT - BOTTOM} />
      <text x={x} y={HEIGHT - 10} textAnchor="middle">
        <title>{axis.name}</title>
        {cut(axis.name)}
      </text>
      {shown.map(value => (
        <text key={String(value)} className="mlops-Chart-label" x={x + 5} y={height(value) - 4}>
          {cut(figure(value))}
        </text>
      ))}
    </g>
  );
}

function cut(text: string): string {
  return text.length > LABEL ? `${text.slice(0, LABEL - 1)}…` : text;
}

function summary(names: readonly string[], axes: readonly IAxis[]): string {
  const lines = names.map((name, run) => {
    const values = axes.map(axis => `${axis.name} ${figure(axis.values[run] ?? 'none')}`);
    return `${name}: ${values.join(', ')}`;
  });
  return lines.join('; ');
}
