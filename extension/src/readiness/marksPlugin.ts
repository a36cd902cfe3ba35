import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import type { ISharedCell } from '@jupyter/ydoc';

import { marks } from './marks';
import { settle } from './settle';
import { IReadiness } from './tokens';

/** Marks findings in the cells of notebooks. */
export const marksPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mlops-nb:readiness-marks',
  description: 'Marks what the linter found in the cells of notebooks.',
  autoStart: true,
  requires: [IReadiness, IEditorExtensionRegistry],
  activate: (
    _: JupyterFrontEnd,
    readiness: IReadiness,
    registry: IEditorExtensionRegistry
  ): void => {
    registry.addExtension({
      name: 'mlops-nb:marks',
      factory: ({ model }) => {
        const cell = model.sharedModel as Partial<ISharedCell>;
        if (cell.cell_type !== 'code' || !cell.notebook) {
          return null; // a file, a console's prompt, a text cell
        }
        return EditorExtensionRegistry.createImmutableExtension(
          marks(cell as ISharedCell, readiness, (...asked) => void settle(...asked))
        );
      }
    });
  }
};
