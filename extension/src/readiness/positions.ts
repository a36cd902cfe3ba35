import type { Text } from '@codemirror/state';

import type { IFinding } from './tokens';

/** The part of a cell's text that a finding is about, as an editor counts it. */
export interface IRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Return where a finding stands in a cell's text.
 *
 * The server counts characters, an editor UTF-16 units: an emoji is one there and two here. A
 * finding about the whole cell stands at its beginning; a place beyond the text at its end.
 */
export function rangeOf(finding: IFinding, text: Text): IRange {
  const from = offset(text, finding.cell_line, finding.cell_column);
  const to = offset(text, finding.cell_end_line, finding.cell_end_column);
  return { from, to: Math.max(from, to) };
}

function offset(text: Text, line: number | null, column: number | null): number {
  if (line === null) {
    return 0;
  }
  if (line > text.lines) {
    return text.length;
  }
  const { from, text: content } = text.line(Math.max(line, 1));
  return from + unitsBefore(content, column ?? 1);
}

/** UTF-16 units before a column that counts characters, from 1. */
function unitsBefore(line: string, column: number): number {
  let units = 0;
  for (let character = 1; character < column && units < line.length; character++) {
    units += (line.codePointAt(units) ?? 0) > 0xffff ? 2 : 1;
  }
  return units;
}
