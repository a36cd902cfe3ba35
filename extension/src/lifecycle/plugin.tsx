import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import React from 'react';

import { Api } from '../api';
import { lifecycleIcon } from '../icon';
import { addMainView, MainView } from '../mainView';
import { IPlace } from '../place';
import { Polled, SLOWEST } from '../polled';
import { LifecycleView } from './view';
import type { ILifecycle } from './wire';

/** Where the models of the project wait, from the first commit to the last alert. */
export const lifecyclePlugin: JupyterFrontEndPlugin<void> = {
  id: 'mlops-nb:lifecycle',
  description: 'The stages of every model, the time spent and waited in each, and the bottleneck.',
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
      const model = new Polled<ILifecycle>({
        name: 'lifecycle',
        api,
        place,
        ask: path => api.get<ILifecycle>('lifecycle', { path }),
        isBusy: () => false,
        idle: SLOWEST // every record of the project is read, and stages last for hours
      });
      return new MainView({
        id: 'mlops-nb-lifecycle',
        title: 'Lifecycle',
        icon: lifecycleIcon,
        watched: model,
        draw: () => <LifecycleView model={model} />
      });
    };
    addMainView(
      app,
      {
        command: 'mlops:open-lifecycle',
        label: 'MLOps: Open Lifecycle',
        caption: 'Stages of the models of this project, and where they wait',
        icon: lifecycleIcon,
        make
      },
      palette,
      restorer
    );
  }
};
