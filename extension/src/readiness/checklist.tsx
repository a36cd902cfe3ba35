import React from 'react';

import type { IPoint } from './tokens';
import { isOpen, titleOf } from './words';

const SIGNS: Readonly<Record<string, [string, string]>> = {
  passed: ['✓', 'done'],
  warned: ['!', 'to look at'],
  failed: ['✗', 'missing'],
  error: ['✗', 'missing'],
  skipped: ['–', 'not checked'],
  not_applicable: ['–', 'not needed']
};

interface IChecklistProps {
  points: readonly IPoint[];
  onJump: (place: { cell?: number | null }) => void;
}

/** "Ready for production?": each point, with what to do where something is missing. */
export function Checklist({ points, onJump }: IChecklistProps): React.ReactElement {
  const done = points.filter(point => !isOpen(point)).length;
  return (
    <section aria-label="Ready for production?">
      <h3 className="mlops-Readiness-heading">
        Ready for production?
        <span className="mlops-Readiness-count">
          {done} of {points.length}
        </span>
      </h3>
      <ul className="mlops-Checklist">
        {points.map(point => (
          <Point key={point.name} point={point} onJump={onJump} />
        ))}
      </ul>
    </section>
  );
}

interface IPointProps {
  point: IPoint;
  onJump: (place: { cell?: number | null }) => void;
}

function Point({ point, onJump }: IPointProps): React.ReactElement {
  const [sign, meaning] = SIGNS[point.status] ?? ['?', point.status];
  const { cell } = point.evidence;
  return (
    <li className="mlops-Point" data-status={point.status}>
      <span className="mlops-Point-sign" role="img" aria-label={meaning}>
        {sign}
      </span>
      <div className="mlops-Point-text">
        <span className="mlops-Point-title">{titleOf(point)}</span>
        <span className="mlops-Point-message">{point.message}</span>
        {isOpen(point) && point.advice && (
          <span className="mlops-Point-advice">{point.advice}</span>
        )}
      </div>
      {isOpen(point) && typeof cell === 'number' && (
        <button
          type="button"
          className="mlops-Readiness-button"
          aria-label={`Go to the cell: ${titleOf(point)}`}
          onClick={() => onJump({ cell })}
        >
          Go
        </button>
      )}
    </li>
  );
}
