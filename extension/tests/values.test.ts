import { clock, size, words } from '../src/format';
import { linear, ordinal, ticks } from '../src/charts/scale';
import { changed, lasting } from '../src/jobs/values';
import type { IField } from '../src/jobs/wire';

function field(name: string, more: Partial<IField> = {}): IField {
  return {
    name, kind: 'int', source: '3', default: '3', value: null, optional: false, choices: [],
    minimum: null, maximum: null, secret: '', filled: false, ...more
  };
}

const fields = [
  field('depth', { value: '5' }),
  field('since', { kind: 'date', source: 'None', default: null, optional: true }),
  field('key', { secret: 'env:KEY' }),
  field('attempt', { filled: true })
];

test('a run is handed only what would not hold anyway', () => {
  expect(changed(fields, { depth: '5', since: '' })).toEqual({});
  expect(changed(fields, { depth: '3', since: '2026-01-01' })).toEqual({
    depth: '3',
    since: '2026-01-01'
  });
  expect(changed(fields, { key: 'x', attempt: 'y' })).toEqual({});
});

test('the table of a job keeps what differs from the notebook', () => {
  expect(lasting(fields, { depth: '5' })).toEqual({ depth: '5' });
  expect(lasting(fields, { depth: '3' })).toEqual({});
});

test('a number that is typed in another way is the same number', () => {
  const rate = field('rate', { kind: 'float', default: '1.0' });
  expect(changed([rate], { rate: '1' })).toEqual({});
  expect(changed([rate], { rate: '' })).toEqual({ rate: '' });
});

test('what was set can be taken back to None', () => {
  const set = field('since', { kind: 'date', default: null, value: '2026-01-01', optional: true });
  expect(changed([set], { since: '' })).toEqual({ since: 'none' });
});

test('clocks, sizes and statuses as people read them', () => {
  expect([clock(7.9), clock(750), clock(3723)]).toEqual(['0:07', '12:30', '1:02:03']);
  expect([size(999), size(53_000_000), size(1.25e9)]).toEqual(['999 B', '53 MB', '1.3 GB']);
  expect([words('kernel_died'), words('')]).toEqual(['kernel died', 'never ran']);
});

test('scales span their values, and one value stands in the middle', () => {
  expect(linear([1, 3, NaN], 0, 100)(2)).toBe(50);
  expect(linear([4], 0, 100)(4)).toBe(50);
  expect(ordinal(['b', 'a', 'c'], 0, 10)('b')).toBe(5);
  expect(ticks(0, 1)).toEqual([0, 0.5, 1]);
  expect(ticks(2, 2)).toEqual([2]);
});
