import { ago, duration, figure, lasting, plainFirst } from '../src/format';

const NOW = new Date('2026-03-05T12:00:00Z');

test.each([
  ['2026-03-05T11:59:55Z', 'just now'],
  ['2026-03-05T11:59:18Z', '42 s ago'],
  ['2026-03-05T11:12:00Z', '48 min ago'],
  ['2026-03-05T01:30:00Z', '10 h ago'],
  ['2026-03-01T12:00:00Z', '4 d ago'],
  ['no date', '']
])('%s was %s', (then, text) => {
  expect(ago(then, NOW)).toBe(text);
});

test.each([
  ['2026-03-05T12:00:00.420Z', '420 ms'],
  ['2026-03-05T12:00:12.340Z', '12.3 s'],
  ['2026-03-05T12:04:10Z', '4 min 10 s'],
  ['2026-03-05T14:05:00Z', '2 h 5 min'],
  ['2026-03-05T11:00:00Z', '0 ms']
])('until %s it takes %s', (ended, text) => {
  expect(duration('2026-03-05T12:00:00Z', ended)).toBe(text);
});

test.each([
  [0, '0 s'],
  [0.42, '420 ms'],
  [125, '2 min 5 s'],
  [273_600, '3 d 4 h'],
  [86_460, '1 d']
])('%s seconds last %s', (seconds, text) => {
  expect(lasting(seconds)).toBe(text);
});

test.each([
  [0.962371, '0.9624'],
  [12000, '12000'],
  [0.0000123456, '1.235e-5'],
  [2.5e9, '2.500e+9'],
  ['nan', 'nan']
])('the figure %s is shown as %s', (value, text) => {
  expect(figure(value)).toBe(text);
});

test('metrics that were asked for stand before those that were found', () => {
  const metrics: [string, unknown][] = [['forest.seconds', 1], ['auc', 2], ['model.size', 3]];
  expect(metrics.sort(plainFirst).map(([name]) => name)).toEqual([
    'auc',
    'forest.seconds',
    'model.size'
  ]);
});
