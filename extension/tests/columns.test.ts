import { available, columnOf, sorted, usual } from '../src/runs/columns';
import type { IRun } from '../src/tokens';

function run(name: string, more: Partial<IRun> = {}): IRun {
  return {
    run_id: name, uid: '', name, status: 'FINISHED', started: '2026-01-01T00:00:00Z',
    ended: null, job: '', notebook: '', params: {}, metrics: {}, tags: {}, starred: false,
    reproduced: '', ...more
  };
}

const runs = [
  run('a', { params: { depth: '10' }, metrics: { auc: 0.9, 'm.seconds': 3 } }),
  run('b', { params: { depth: '9' }, metrics: { auc: 'nan' }, tags: { team: 'x' } }),
  run('c', { params: { depth: 'auto' } })
];

function names(column: string, descending: boolean): string {
  return sorted(runs, { column, descending }).map(one => one.name).join('');
}

test('parameters that are numbers are put in order as numbers', () => {
  expect(names('params.depth', false)).toBe('bac');
});

test('runs without a value come last, whichever way', () => {
  expect(names('metrics.m.seconds', false)[0]).toBe('a');
  expect(names('tags.team', true)[0]).toBe('b');
  expect(names('tags.team', false)[0]).toBe('b');
});

test('the columns of somebody who has chosen none begin with what a run is', () => {
  expect(usual(runs)).toEqual([
    'name', 'status', 'started', 'duration', 'metrics.auc', 'metrics.m.seconds', 'params.depth'
  ]);
  expect(available(runs)).toContain('tags.team');
});

test('a column of a name with dots, and one that no table has', () => {
  expect(columnOf('metrics.m.seconds')?.value(runs[0]!)).toBe(3);
  expect(columnOf('secrets.x')).toBeNull();
});
