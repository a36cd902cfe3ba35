import type { ISharedBaseCell, ISharedCell, ISharedCodeCell, ISharedNotebook } from '@jupyter/ydoc';
import type { ICell, IOutput } from '@jupyterlab/nbformat';
import { JSONExt, type PartialJSONObject, type PartialJSONValue } from '@lumino/coreutils';

/** As much of a notebook's content as can be changed. */
export interface IContent {
  readonly cells: readonly ICell[];
  readonly metadata: PartialJSONObject;
}

/** Content in which every cell carries the id that it has in the editor. */
export interface IIdentified extends IContent {
  readonly cells: readonly (ICell & { id: string })[];
}

/** The content with the ids of the live cells; files before format 4.5 do not hold them. */
export function withIds(content: IContent, live: readonly ISharedCell[]): IIdentified {
  return {
    metadata: content.metadata,
    cells: content.cells.map((cell, at) => ({ ...cell, id: live[at]?.getId() ?? '' }))
  };
}

/**
 * Make the live notebook what `after` is, as far as that differs from `before`.
 *
 * Cells that do not differ are left alone, whatever was typed into them meanwhile. Texts are
 * changed at the differing place only and through the cell, so that the cursor stays where it is
 * and the cell's own undo takes it back; cells come, go and move in one step of the notebook's.
 *
 * @returns what was made, with ids; null, and nothing changed, when a cell that differs has been
 * edited or removed since `before`.
 */
export function transformed(
  notebook: ISharedNotebook,
  before: IIdentified,
  after: IContent
): IIdentified | null {
  const origins = aligned(before.cells, after.cells);
  const live = new Map(notebook.cells.map(cell => [cell.getId(), cell]));
  const edits = after.cells.flatMap((cell, at) => {
    const old = before.cells[origins[at] ?? -1];
    const differs = old !== undefined && !same({ ...old, id: '' }, { ...cell, id: '' });
    return differs ? [{ old, cell }] : [];
  });
  const kept = new Set(origins);
  const gone = before.cells.filter((_, at) => !kept.has(at));
  for (const old of [...edits.map(edit => edit.old), ...gone]) {
    if (live.get(old.id)?.getSource() !== textOf(old)) {
      return null;
    }
  }
  for (const { old, cell } of edits) {
    const target = live.get(old.id);
    if (target !== undefined) {
      edit(target, old, cell);
    }
  }
  const ids = arranged(notebook, gone, after.cells, at => before.cells[origins[at] ?? -1]?.id);
  editMetadata(notebook, before.metadata, after.metadata);
  const cells = after.cells.map((cell, at) => ({ ...cell, id: ids[at] ?? '' }));
  return { metadata: after.metadata, cells };
}

/** For each cell of `after` its index in `before`; -1: it is new. */
function aligned(before: IIdentified['cells'], after: readonly ICell[]): number[] {
  if (after.every(cell => typeof cell.id === 'string')) {
    const known = new Map(before.map((cell, at) => [cell.id, at]));
    return after.map(cell => known.get(cell.id as string) ?? -1);
  }
  if (after.length === before.length) {
    return after.map((_, at) => at);
  }
  // Without ids: the next cell of the same kind and text.
  let from = 0;
  return after.map(cell => {
    const found = before.findIndex(
      (old, at) => at >= from && old.cell_type === cell.cell_type && textOf(old) === textOf(cell)
    );
    from = found < 0 ? from : found + 1;
    return found;
  });
}

function edit(target: ISharedCell, before: ICell, after: ICell): void {
  const [old, text] = [textOf(before), textOf(after)];
  if (old !== text) {
    const [start, end] = differing(old, text);
    target.updateSource(start, old.length - end, text.slice(start, text.length - end));
  }
  editMetadata(target, before.metadata, after.metadata);
  if (target.cell_type === 'code') {
    const code = target as ISharedCodeCell;
    if (before.execution_count !== after.execution_count) {
      code.execution_count = (after.execution_count as number | null) ?? null;
    }
    if (!same(before.outputs, after.outputs)) {
      code.setOutputs((after.outputs as IOutput[]) ?? []);
    }
  }
}

/** How many characters two texts share at their beginnings and, besides those, at their ends. */
function differing(one: string, other: string): [number, number] {
  const shortest = Math.min(one.length, other.length);
  let start = 0;
  while (start < shortest && one[start] === other[start]) {
    start++;
  }
  let end = 0;
  while (end < shortest - start && one[one.length - 1 - end] === other[other.length - 1 - end]) {
    end++;
  }
  return [start, end];
}

/** Remove, insert and move cells, and return the ids of all, in their order. */
function arranged(
  notebook: ISharedNotebook,
  gone: IIdentified['cells'],
  wanted: readonly ICell[],
  known: (at: number) => string | undefined
): string[] {
  const index = (id: string): number => notebook.cells.findIndex(cell => cell.getId() === id);
  const comesLater = (cell: ISharedBaseCell | undefined, at: number): boolean =>
    wanted.some((_, later) => later > at && known(later) === cell?.getId());
  // Steps this close to each other are one step for the notebook's undo.
  gone.forEach(cell => notebook.deleteCell(index(cell.id)));
  let place = 0;
  return wanted.map((cell, at) => {
    const id = known(at);
    if (id === undefined) {
      return notebook.insertCell(place++, cell as never).getId();
    }
    const now = index(id);
    if (now >= 0 && now < place) {
      notebook.moveCell(now, place - 1);
    } else if (now > place && comesLater(notebook.cells[place], at)) {
      notebook.moveCell(now, place++);
    } else if (now >= 0) {
      place = now + 1; // cells that were added meanwhile stay where they are
    }
    return id;
  });
}

interface IHasMetadata {
  setMetadata(key: string, value: PartialJSONValue): void;
  deleteMetadata(key: string): void;
}

function editMetadata(
  target: ISharedCell | ISharedNotebook,
  before: PartialJSONObject,
  after: PartialJSONObject
): void {
  const holder = target as unknown as IHasMetadata;
  for (const key of Object.keys(before)) {
    if (!(key in after)) {
      holder.deleteMetadata(key);
    }
  }
  for (const [key, value] of Object.entries(after)) {
    if (value !== undefined && !same(before[key], value)) {
      holder.setMetadata(key, value);
    }
  }
}

function textOf(cell: ICell): string {
  return typeof cell.source === 'string' ? cell.source : cell.source.join('');
}

function same(one: unknown, other: unknown): boolean {
  return JSONExt.deepEqual((one ?? null) as PartialJSONValue, (other ?? null) as PartialJSONValue);
}
