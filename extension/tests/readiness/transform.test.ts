import { YNotebook } from '@jupyter/ydoc';
import type { ICell } from '@jupyterlab/nbformat';

import { type IContent, type IIdentified, transformed, withIds } from '../../src/readiness/transform';

function notebook(...sources: string[]): YNotebook {
  const cells = sources.map((source, at) => ({
    cell_type: 'code' as const,
    id: `c${at}`,
    source,
    metadata: {},
    outputs: [],
    execution_count: null
  }));
  return YNotebook.create({
    disableDocumentWideUndoRedo: true,
    data: { cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }
  });
}

function content(live: YNotebook): IIdentified {
  const { cells, metadata } = live.toJSON();
  return withIds({ cells, metadata }, live.cells);
}

function sources(live: YNotebook): string[] {
  return live.cells.map(cell => cell.getSource());
}

function withCells(before: IContent, change: (cells: ICell[]) => ICell[]): IContent {
  return { ...before, cells: change(before.cells.map(cell => ({ ...cell }))) };
}

const retyped = (before: IContent, at: number, source: string): IContent =>
  withCells(before, cells => cells.map((cell, n) => (n === at ? { ...cell, source } : cell)));

test('a text is changed at the differing place, and its own undo takes it back', () => {
  const live = notebook('a = f(1)\nb = 2', 'c = 3');
  const before = content(live);
  const deltas: unknown[] = [];
  live.cells[0]?.changed.connect((_, change) => deltas.push(change.sourceChange));
  expect(transformed(live, before, retyped(before, 0, 'a = f(1, seed=42)\nb = 2'))).not.toBeNull();
  expect(sources(live)).toEqual(['a = f(1, seed=42)\nb = 2', 'c = 3']);
  expect(deltas).toEqual([[{ retain: 7 }, { insert: ', seed=42' }]]);
  live.cells[0]?.undo();
  expect(sources(live)).toEqual(['a = f(1)\nb = 2', 'c = 3']);
});

test('what was typed elsewhere meanwhile stays', () => {
  const live = notebook('a = 1', 'b = 2');
  const before = content(live);
  live.cells[1]?.setSource('b = 2  # typed');
  transformed(live, before, retyped(before, 0, 'a = 1  # noqa'));
  expect(sources(live)).toEqual(['a = 1  # noqa', 'b = 2  # typed']);
});

test.each([
  ['edited', (live: YNotebook) => live.cells[0]?.setSource('a = 7')],
  ['removed', (live: YNotebook) => live.deleteCell(0)]
])('nothing is changed when the cell was %s meanwhile', (_, meanwhile) => {
  const live = notebook('a = 1', 'b = 2');
  const before = content(live);
  meanwhile(live);
  const now = sources(live);
  const after = withCells(retyped(before, 0, 'a = 9'), cells => {
    (cells[1] as ICell).source = 'b = 9';
    return cells;
  });
  expect(transformed(live, before, after)).toBeNull();
  expect(sources(live)).toEqual(now);
});

test('outputs, execution counts and metadata follow', () => {
  const live = notebook('1 / 0');
  const code = live.cells[0] as unknown as { execution_count: number | null };
  code.execution_count = 7;
  live.cells[0]?.setMetadata('tags', ['keep']);
  live.cells[0]?.setMetadata('trusted', true);
  const before = content(live);
  const after = withCells(before, ([cell]) => [
    { ...(cell as ICell), execution_count: null, metadata: { tags: ['keep', 'mlops'] } }
  ]);
  // What the server was never told of (`trusted`) is not its to take away.
  (before.cells[0]?.metadata as Record<string, unknown>).trusted = undefined;
  transformed(live, before, { ...after, metadata: { mlops: { ignore: ['NBG001'] } } });
  expect(live.cells[0]?.getMetadata('tags')).toEqual(['keep', 'mlops']);
  expect(code.execution_count).toBeNull();
  expect(live.getMetadata('mlops')).toEqual({ ignore: ['NBG001'] });
});

const ORDERS: [number[], string][] = [
  [[0, 2], 'a cell goes'],
  [[2, 0, 1], 'the last one moves to the front'],
  [[1, 2, 0], 'the first one moves to the end'],
  [[3, 1, 0, 2], 'several move'],
  [[], 'all go']
];

test.each(ORDERS)('cells in the order %s: %s, and back', (order, _) => {
  const live = notebook('a', 'b', 'c', 'd');
  const before = content(live);
  const after = transformed(
    live,
    before,
    withCells(before, cells => order.map(at => cells[at] as ICell))
  );
  expect(sources(live)).toEqual(order.map(at => 'abcd'[at]));
  expect(transformed(live, after as IIdentified, before)).not.toBeNull();
  expect(sources(live)).toEqual(['a', 'b', 'c', 'd']);
});

test('a notebook of an older format has no ids in its cells', () => {
  const live = notebook('a', '', 'b');
  const before = content(live);
  const bare = (cells: readonly ICell[]): ICell[] => cells.map(({ id, ...cell }) => cell as ICell);
  const edited = { ...before, cells: bare(retyped(before, 2, 'b  # noqa').cells) };
  expect(transformed(live, before, edited)).not.toBeNull();
  expect(sources(live)).toEqual(['a', '', 'b  # noqa']);
  const now = content(live);
  transformed(live, now, { ...now, cells: bare(now.cells).filter(cell => cell.source !== '') });
  expect(sources(live)).toEqual(['a', 'b  # noqa']);
});

test('a cell that was added meanwhile stays where it is', () => {
  const live = notebook('a', '', 'c');
  const before = content(live);
  live.insertCell(2, { cell_type: 'code', source: 'new', metadata: {}, outputs: [] } as never);
  transformed(live, before, withCells(before, cells => cells.filter(cell => cell.source !== '')));
  expect(sources(live)).toEqual(['a', 'new', 'c']);
});
