import type { IFinding, IPoint, Severity } from './tokens';

/** How a severity is called in the panel. */
export const HEADINGS: Readonly<Record<Severity, string>> = {
  error: 'Errors',
  warning: 'Warnings',
  info: 'Notes'
};

const NOUNS: Readonly<Record<Severity, [string, string]>> = {
  error: ['error', 'errors'],
  warning: ['warning', 'warnings'],
  info: ['note', 'notes']
};

const POINTS: Readonly<Record<string, string>> = {
  'readiness.findings': 'Findings',
  'readiness.parameters': 'Parameters',
  'readiness.seeds': 'Seeds',
  'readiness.environment': 'Environment',
  'readiness.tracking': 'Tracking',
  'readiness.owner': 'Owner',
  'readiness.executed': 'Run top to bottom'
};

/** What a point of the checklist is called; one of a newer server by its own name. */
export function titleOf(point: IPoint): string {
  return POINTS[point.name] ?? point.name.replace(/^readiness\./, '');
}

/** Whether a point still has to be done. */
export function isOpen(point: IPoint): boolean {
  return ['warned', 'failed', 'error'].includes(point.status);
}

/** `2 errors, 1 note`; empty when there is none. */
export function counted(findings: readonly IFinding[]): string {
  return (Object.keys(NOUNS) as Severity[])
    .map(severity => {
      const count = findings.filter(finding => finding.severity === severity).length;
      return count === 0 ? '' : `${count} ${NOUNS[severity][count === 1 ? 0 : 1]}`;
    })
    .filter(Boolean)
    .join(', ');
}

/** Where a finding stands: `cell 3, line 2`, cells from 0 as the command line counts them. */
export function placeOf(finding: IFinding): string {
  if (finding.cell === null) {
    return 'whole notebook';
  }
  const line = finding.cell_line === null ? '' : `, line ${finding.cell_line}`;
  return `cell ${finding.cell}${line}`;
}

/** The badge's few words: what blocks, else what is open, else that all is well. */
export function badgeText(verdict: IPoint, points: readonly IPoint[]): string {
  if (verdict.status === 'failed') {
    const findings = points.find(point => point.name === 'readiness.findings');
    return findings?.message.split(', ')[0] ?? 'not ready';
  }
  const open = points.filter(isOpen).length;
  return open > 0 ? `${open} open` : 'ready';
}
