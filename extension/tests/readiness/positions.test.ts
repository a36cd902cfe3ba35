import { Text } from '@codemirror/state';

import shared from '../../../tests/server/answers/lint.json';
import { rangeOf } from '../../src/readiness/positions';
import type { IAssessment, IFinding } from '../../src/readiness/tokens';

const { diagnostics } = shared.answer as unknown as IAssessment;

function marked(finding: IFinding): string {
  const source = shared.content.cells[finding.cell as number]?.source as string[];
  const text = Text.of(source.join('').split('\n'));
  const { from, to } = rangeOf(finding, text);
  return text.sliceString(from, to);
}

const byCode = (code: string): IFinding =>
  diagnostics.find(finding => finding.code === code) as IFinding;

test('what the server counts in characters is marked though an emoji stands before it', () => {
  expect(marked(byCode('NBX001'))).toBe('gone');
  expect(marked(byCode('NBS001'))).toBe('np.random.rand');
});

test('a finding about a whole cell stands at its beginning', () => {
  expect(rangeOf(byCode('NBX008'), Text.of(['print(1)']))).toEqual({ from: 0, to: 0 });
});

test('a place beyond the text is its end', () => {
  const far = { ...byCode('NBX001'), cell_line: 9, cell_end_line: 9 };
  expect(rangeOf(far, Text.of(['x']))).toEqual({ from: 1, to: 1 });
  const wide = { ...byCode('NBX001'), cell_line: 1, cell_column: 50, cell_end_line: 1 };
  expect(rangeOf(wide, Text.of(['xy', 'z']))).toEqual({ from: 2, to: 2 });
});
