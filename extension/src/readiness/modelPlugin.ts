import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { ICodeCellModel } from '@jupyterlab/cells';
import type { INotebookContent } from '@jupyterlab/nbformat';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';

import { Api } from '../api';
import { Readiness } from './readiness';
import { IReadiness } from './tokens';

/** Looks at every notebook that is open, and again whenever it or what lies around it changes. */
export const readinessPlugin: JupyterFrontEndPlugin<IReadiness> = {
  id: 'mlops-nb:readiness-model',
  description: 'Whether the open notebooks are ready for production.',
  autoStart: true,
  requires: [INotebookTracker],
  provides: IReadiness,
  activate: (app: JupyterFrontEnd, tracker: INotebookTracker): IReadiness => {
    const { contents, serverSettings } = app.serviceManager;
    const readiness = new Readiness(new Api(serverSettings));
    const pathOf = (panel: NotebookPanel): string => contents.localPath(panel.context.path);
    tracker.forEach(panel => follow(panel));
    tracker.widgetAdded.connect((_, panel) => follow(panel));
    tracker.currentChanged.connect((_, panel) => {
      // What lies beside a notebook (requirements, modules, configuration) may have changed.
      const shared = panel?.context.model.sharedModel;
      readiness.of(shared)?.touch(true);
    });

    function follow(panel: NotebookPanel): void {
      void panel.context.ready.then(() => {
        const { context } = panel;
        const shared = context.model.sharedModel;
        if (panel.isDisposed || readiness.of(shared) !== undefined) {
          return; // another view of a notebook that is open already
        }
        const added = readiness.add({
          shared,
          get path() {
            return pathOf(panel);
          },
          content: () => context.model.toJSON() as INotebookContent,
          edited: () => edited(context.model.cells)
        });
        context.model.contentChanged.connect(() => added.touch());
        context.pathChanged.connect(() => added.touch());
        context.saveState.connect((_, state) => {
          if (state === 'completed') {
            added.touch(true);
          }
        });
        context.disposed.connect(() => readiness.remove(shared));
      });
    }
    return readiness;
  }
};

/** Indices of the code cells whose text is not the one that ran. */
function edited(cells: NotebookPanel['context']['model']['cells']): number[] {
  const found: number[] = [];
  let at = 0;
  for (const cell of cells) {
    if (cell.type === 'code' && (cell as ICodeCellModel).isDirty) {
      found.push(at);
    }
    at++;
  }
  return found;
}
