import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { IDocumentWidget } from '@jupyterlab/docregistry';
import type { Widget } from '@lumino/widgets';

import { Api } from './api';
import { RunsModel } from './model';
import { IRunsModel } from './tokens';

/** Follows the current document and holds the runs of its project. */
export const modelPlugin: JupyterFrontEndPlugin<IRunsModel> = {
  id: 'mlops-nb:model',
  description: 'The runs of the project around the current document.',
  autoStart: true,
  provides: IRunsModel,
  activate: (app: JupyterFrontEnd): IRunsModel => {
    const { contents, serverSettings } = app.serviceManager;
    const model = new RunsModel(new Api(serverSettings));
    const follow = (widget: Widget | null): void => {
      const path = (widget as Partial<IDocumentWidget> | null)?.context?.path;
      if (path !== undefined) {
        // A collaborative document's path begins with the name of its drive.
        model.path = contents.localPath(path);
      }
    };
    app.shell.currentChanged?.connect((_, { newValue }) => follow(newValue));
    void app.restored.then(() => follow(app.shell.currentWidget));
    return model;
  }
};
