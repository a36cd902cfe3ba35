import shared from '../../../tests/server/answers/lint.json';
import type { IAssessment, IFinding, IPoint } from '../../src/readiness/tokens';
import { badgeText, counted, isOpen, placeOf, titleOf } from '../../src/readiness/words';

const { diagnostics, points, verdict } = shared.answer as unknown as IAssessment;

test('the badge says what blocks first, then what is open', () => {
  expect(badgeText(verdict as IPoint, points)).toBe('1 error');
  expect(badgeText({ ...(verdict as IPoint), status: 'warned' }, points)).toBe(
    `${points.filter(isOpen).length} open`
  );
  expect(badgeText({ ...(verdict as IPoint), status: 'passed' }, [])).toBe('ready');
});

test('findings are counted by severity', () => {
  expect(counted(diagnostics)).toBe('1 error, 3 warnings');
  expect(counted([])).toBe('');
  expect(counted([{ severity: 'info' } as IFinding])).toBe('1 note');
});

test('every point of the server has a title', () => {
  expect(points.map(titleOf)).toEqual([
    'Findings',
    'Parameters',
    'Seeds',
    'Environment',
    'Tracking',
    'Owner',
    'Run top to bottom'
  ]);
  expect(titleOf({ name: 'readiness.licence' } as IPoint)).toBe('licence');
});

test('places are counted as the command line counts them', () => {
  expect(diagnostics.map(placeOf)).toEqual([
    'cell 2',
    'cell 2, line 3',
    'cell 3',
    'cell 3, line 2'
  ]);
  expect(placeOf({ cell: null } as IFinding)).toBe('whole notebook');
});
