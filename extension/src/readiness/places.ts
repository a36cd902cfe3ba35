import type { NotebookPanel } from '@jupyterlab/notebook';
import { Text } from '@codemirror/state';

import { rangeOf } from './positions';
import type { IFinding, INotebookReadiness } from './tokens';

export interface IJump {
  /** Put the cursor where it stands. */
  finding?: IFinding | undefined;
  /** Go there with the keyboard's focus. */
  focus: boolean;
}

/** Show a cell of a notebook. */
export async function jump(
  panel: NotebookPanel,
  cellId: string,
  { finding, focus }: IJump
): Promise<void> {
  const notebook = panel.content;
  const index = notebook.widgets.findIndex(cell => cell.model.id === cellId);
  const cell = notebook.widgets[index];
  if (cell === undefined) {
    return;
  }
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  await notebook.scrollToItem(index, 'smart');
  await cell.ready;
  cell.inputHidden = false;
  const { editor } = cell;
  const placed = finding !== undefined && finding.cell_line !== null && editor !== null;
  if (placed) {
    const text = Text.of(cell.model.sharedModel.getSource().split('\n'));
    const position = editor.getPositionAt(rangeOf(finding, text).from);
    if (position) {
      editor.setCursorPosition(position);
      editor.revealPosition(position);
    }
  }
  if (focus) {
    notebook.mode = placed ? 'edit' : 'command';
    notebook.activate();
  }
}

/** The finding at the cursor: of its line, else the first one of its cell. */
export function findingHere(
  panel: NotebookPanel,
  readiness: INotebookReadiness
): IFinding | undefined {
  const cell = panel.content.activeCell;
  if (cell === null) {
    return undefined;
  }
  const found = readiness.findingsIn(cell.model.id, cell.model.sharedModel.getSource());
  const line = (cell.editor?.getCursorPosition().line ?? 0) + 1;
  const covers = ({ cell_line: from, cell_end_line: to }: IFinding): boolean =>
    from !== null && from <= line && line <= (to ?? from);
  return found.find(covers) ?? found[0];
}

/** The next finding after the cursor, or the one before it; past the end it begins anew. */
export function findingBeyond(
  panel: NotebookPanel,
  readiness: INotebookReadiness,
  step: 1 | -1
): IFinding | undefined {
  const placed = readiness.findings.filter(finding => finding.cell !== null);
  const { activeCell, activeCellIndex } = panel.content;
  const { line, column } = activeCell?.editor?.getCursorPosition() ?? { line: 0, column: 0 };
  const before = activeCell?.editor?.getLine(line)?.slice(0, column) ?? '';
  // Characters, as the server counts them.
  const here = [activeCellIndex, line + 1, [...before].length + 1];
  const sorted = placed.sort((one, other) => step * compared(placeOf(one), placeOf(other)));
  return sorted.find(finding => step * compared(placeOf(finding), here) > 0) ?? sorted[0];
}

function placeOf(finding: IFinding): number[] {
  return [finding.cell ?? -1, finding.cell_line ?? 1, finding.cell_column ?? 1];
}

function compared(one: number[], other: number[]): number {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0);
}
