import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import React from 'react';

import { Api } from '../api';
import { modelsIcon } from '../icon';
import { openReport } from '../jobs/plugin';
import { addMainView, MainView } from '../mainView';
import { openPage } from '../page';
import { IPlace } from '../place';
import { Polled } from '../polled';
import { anyRuns, tasksOf } from '../tasks';
import { type IModelsActions, ModelsView } from './view';
import type { IAlert, IModels, IModelsAnswer } from './wire';

export const OPEN_MODELS = 'mlops:open-models';

/** Registered models: versions with their evidence, health, alerts. */
export const modelsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mlops-nb:models',
  description: 'Registered models, how the live ones are, and alerts.',
  autoStart: true,
  requires: [IPlace],
  optional: [ICommandPalette, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    place: IPlace,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const api = new Api(app.serviceManager.serverSettings);
    const make = (): MainView => {
      const model = pollModels(api, place);
      return new MainView({
        id: 'mlops-nb-models',
        title: 'Models',
        icon: modelsIcon,
        watched: model,
        draw: () => <ModelsView api={api} model={model} actions={actions(app, place)} />
      });
    };
    addMainView(
      app,
      {
        command: OPEN_MODELS,
        label: 'MLOps: Open Models and Alerts',
        caption: 'Versions, health and alerts of the models of this project',
        icon: modelsIcon,
        make
      },
      palette,
      restorer
    );
  }
};

function pollModels(api: Api, place: IPlace): Polled<IModelsAnswer> {
  return new Polled<IModelsAnswer>({
    name: 'models',
    api,
    place,
    ask: async path => {
      const [models, { alerts }, tasks] = await Promise.all([
        api.get<IModels>('models', { path }),
        api.get<{ alerts: IAlert[] }>('alerts', { path }),
        tasksOf(api, path)
      ]);
      return { ...models, alerts, tasks };
    },
    isBusy: answer => anyRuns(answer.tasks)
  });
}

function actions(app: JupyterFrontEnd, place: IPlace): IModelsActions {
  return {
    openReport: attempt => openReport(app, place.path, attempt),
    openCard: reference =>
      openPage(app, {
        id: `mlops-nb-card-${reference}`,
        title: `Card of ${reference}`,
        icon: modelsIcon,
        noun: 'models/card',
        query: { path: place.path, reference }
      })
  };
}
