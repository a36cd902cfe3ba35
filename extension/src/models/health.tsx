import React from 'react';

import { type ISeries, LineChart } from '../charts/lineChart';
import { figure, moment } from '../format';
import type { IFigure, IHealth } from './wire';

const SIGNS: Readonly<Record<string, string>> = {
  passed: '✓',
  warned: '!',
  failed: '✗',
  error: '✗'
};
const FINDINGS = 5;

/** The verdict by dimension, what is wrong, and figures over time. */
export function Health({ health }: { health: IHealth }): React.ReactElement {
  return (
    <>
      <p className="mlops-Headline">
        {health.window}: {health.headline}
      </p>
      <ul className="mlops-Tiles" aria-label="Health by dimension">
        {Object.entries(health.dimensions).map(([name, found]) => (
          <li key={name} className="mlops-Tile" data-status={found.status}>
            <span className="mlops-Tile-name">{name}</span>
            <span className="mlops-Tile-status">
              <span aria-hidden>{SIGNS[found.status] ?? '–'} </span>
              {said(found.status)}
            </span>
            <span className="mlops-Tile-counts">{counted(found.counts)}</span>
          </li>
        ))}
      </ul>
      {health.findings.length > 0 && (
        <ul className="mlops-Results" aria-label="Findings">
          {health.findings.slice(0, FINDINGS).map(finding => (
            <li key={`${finding.name}/${finding.subject}`} data-status={finding.status}>
              <b>
                {finding.name} {finding.subject}
              </b>
              : {finding.message}
              {finding.advice && <span className="mlops-Advice"> → {finding.advice}</span>}
            </li>
          ))}
        </ul>
      )}
      <div className="mlops-Charts">
        {Object.entries(health.business).map(([name, figures]) => (
          <Business key={name} name={name} figures={figures} />
        ))}
        {Object.entries(bySeries(health.series)).map(([name, series]) => (
          <LineChart key={name} title={name} series={[series]} label={day} />
        ))}
      </div>
    </>
  );
}

function Business({ name, figures }: { name: string; figures: readonly IFigure[] }): React.ReactElement {
  const last = figures[figures.length - 1];
  const goal = last?.goal ?? null;
  const now = last === undefined || last.value === null ? 'not known yet' : figure(last.value);
  return (
    <LineChart
      title={`${name}: ${now}${goal === null ? '' : ` (goal ${figure(goal)})`}`}
      goal={goal}
      label={day}
      series={[{ name, points: figures.map(one => [Date.parse(one.at), one.value]) }]}
    />
  );
}

function bySeries(rows: IHealth['series']): Record<string, ISeries> {
  const found: Record<string, { name: string; points: [number, number | string | null][] }> = {};
  for (const row of rows) {
    const name = String(row.figure);
    const at = Date.parse(String(row.window).replace(' ', 'T'));
    if (Number.isFinite(at)) {
      (found[name] ??= { name, points: [] }).points.push([at, row.value ?? null]);
    }
  }
  return found;
}

function day(at: number): string {
  return new Date(at).toLocaleDateString();
}

function said(status: string): string {
  return status === 'not_applicable' ? 'not checked' : status;
}

function counted(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([status, count]) => `${count} ${status.replace('_', ' ')}`)
    .join(', ');
}

/** When an alert or a version came, in full. */
export function When({ at }: { at: string }): React.ReactElement {
  return <time dateTime={at}>{moment(at)}</time>;
}
