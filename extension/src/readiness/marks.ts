import { type Diagnostic, linter, lintGutter } from '@codemirror/lint';
import { type Extension, StateEffect } from '@codemirror/state';
import { type EditorView, type PluginValue, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import type { ISharedCell } from '@jupyter/ydoc';

import { rangeOf } from './positions';
import type { Change, IFinding, INotebookReadiness, IReadiness } from './tokens';

/** Milliseconds from the answer to the marks; the pause in typing has been waited for already. */
const DELAY = 50;

const refresh = StateEffect.define<null>();

/** What the marks do when somebody takes up their offer. */
export type Settle = (change: Change, finding: IFinding, readiness: INotebookReadiness) => void;

/**
 * Marks in the gutter, underlines and tooltips in the editor of one cell.
 *
 * They are one source of CodeMirror's linter among others, so that those of a language server stay.
 */
export function marks(cell: ISharedCell, readiness: IReadiness, settle: Settle): Extension {
  const source = async (view: EditorView): Promise<Diagnostic[]> => {
    const notebook = readiness.of(cell.notebook);
    await notebook?.settled();
    const text = view.state.doc.toString();
    return (notebook?.findingsIn(cell.getId(), text) ?? []).map(finding =>
      diagnostic(finding, notebook as INotebookReadiness, view, settle)
    );
  };
  const needsRefresh = (update: ViewUpdate): boolean =>
    update.transactions.some(one => one.effects.some(effect => effect.is(refresh)));
  return [
    linter(source, { delay: DELAY, needsRefresh }),
    lintGutter(),
    ViewPlugin.define(view => new Listener(view, cell, readiness))
  ];
}

/** Asks for new marks when there is something new to say of this cell. */
class Listener implements PluginValue {
  constructor(
    private readonly view: EditorView,
    private readonly cell: ISharedCell,
    private readonly readiness: IReadiness
  ) {
    readiness.changed.connect(this.look, this);
  }

  destroy(): void {
    this.readiness.changed.disconnect(this.look, this);
  }

  private look(_: IReadiness, notebook: INotebookReadiness): void {
    if (notebook !== this.readiness.of(this.cell.notebook)) {
      return;
    }
    const found = notebook.findingsIn(this.cell.getId(), this.cell.getSource());
    const now = JSON.stringify(found.map(({ line, column, cell, ...rest }) => rest));
    if (now !== this.shown) {
      this.shown = now;
      this.view.dispatch({ effects: refresh.of(null) });
    }
  }

  private shown = '[]';
}

function diagnostic(
  finding: IFinding,
  notebook: INotebookReadiness,
  view: EditorView,
  settle: Settle
): Diagnostic {
  const action = (name: string, change: Change) => ({
    name,
    apply: () => settle(change, finding, notebook)
  });
  const fixes = finding.fixable ? [action('Fix', 'safe')] : [];
  if (finding.unsafe) {
    fixes.push(action('Fix, may change results', 'all'));
  }
  return {
    ...rangeOf(finding, view.state.doc),
    severity: finding.severity,
    source: 'mlops',
    message: `${finding.code} ${finding.message}`,
    renderMessage: () => message(finding, notebook),
    actions: [...fixes, action('Ignore here', 'accept')]
  };
}

/** What is wrong and why that matters, as text and nothing else. */
function message(finding: IFinding, notebook: INotebookReadiness): Node {
  const node = document.createElement('div');
  const what = node.appendChild(document.createElement('div'));
  const code = what.appendChild(document.createElement('b'));
  code.textContent = finding.code;
  what.append(` ${finding.message}`);
  const why = notebook.assessment?.rules[finding.code]?.why;
  if (why) {
    const reason = node.appendChild(document.createElement('div'));
    reason.className = 'mlops-Marks-why';
    reason.textContent = why;
  }
  return node;
}
