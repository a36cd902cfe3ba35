import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { Api } from './api';
import { RunsModel } from './model';
import { IPlace } from './place';
import { IRunsModel } from './tokens';

/** Holds the runs of the current document's project. */
export const modelPlugin: JupyterFrontEndPlugin<IRunsModel> = {
  id: 'mlops-nb:model',
  description: 'The runs of the project around the current document.',
  autoStart: true,
  provides: IRunsModel,
  requires: [IPlace],
  activate: (app: JupyterFrontEnd, place: IPlace): IRunsModel => {
    const model = new RunsModel(new Api(app.serviceManager.serverSettings));
    place.changed.connect(() => (model.path = place.path));
    model.path = place.path;
    return model;
  }
};
