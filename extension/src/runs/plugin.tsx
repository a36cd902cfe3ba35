import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Clipboard, ICommandPalette, Notification } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IStateDB } from '@jupyterlab/statedb';
import React from 'react';

import { Api } from '../api';
import { runsIcon } from '../icon';
import { addMainView, MainView } from '../mainView';
import { IPlace } from '../place';
import { RunTable } from './table';
import { RunsTable } from './view';

export const OPEN_RUNS = 'mlops:open-runs';

/** The table of runs in the main area. */
export const runsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mlops-nb:runs-table',
  description: 'A table of the runs of the project, to sort, filter, compare and act on.',
  autoStart: true,
  requires: [IPlace],
  optional: [ICommandPalette, ILayoutRestorer, INotebookTracker, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    place: IPlace,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    notebooks: INotebookTracker | null,
    state: IStateDB | null
  ): void => {
    const insert = (code: string): void => void insertCode(app, notebooks, code);
    const make = (): MainView => {
      const table = new RunTable(new Api(app.serviceManager.serverSettings), place, state);
      return new MainView({
        id: 'mlops-nb-runs-table',
        title: 'Runs',
        icon: runsIcon,
        watched: table,
        draw: () => <RunsTable table={table} onInsert={insert} />
      });
    };
    addMainView(
      app,
      {
        command: OPEN_RUNS,
        label: 'MLOps: Open Table of Runs',
        caption: 'Sort, filter and compare the runs of this project',
        icon: runsIcon,
        make
      },
      palette,
      restorer
    );
  }
};

/** Put code into a new cell below the active one; without a notebook, onto the clipboard. */
async function insertCode(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker | null,
  code: string
): Promise<void> {
  const panel = notebooks?.currentWidget ?? null;
  if (panel === null) {
    Clipboard.copyToSystem(code);
    Notification.info('No notebook is open: the code is on the clipboard.');
    return;
  }
  app.shell.activateById(panel.id);
  await app.commands.execute('notebook:insert-cell-below');
  panel.content.activeCell?.model.sharedModel.setSource(code);
}
