import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { runsIcon } from './icon';
import { NO_ARGUMENTS } from './mainView';
import { RunsPanel } from './panel';
import { IRunsModel } from './tokens';

const ID = 'mlops-nb:runs';

const SHOW = 'mlops:show-runs';
const REFRESH = 'mlops:refresh-runs';

/** The side panel, its commands and its settings. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'A side panel that lists the runs of the project.',
  autoStart: true,
  requires: [IRunsModel],
  optional: [ICommandPalette, ILayoutRestorer, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    model: IRunsModel,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    settings: ISettingRegistry | null
  ): void => {
    const panel = new RunsPanel(model, app.commands);
    app.shell.add(panel, 'left', { rank: 500, type: 'MLOps runs' });
    restorer?.add(panel, panel.id);

    app.commands.addCommand(SHOW, {
      label: 'MLOps: Show Runs',
      caption: 'Show the runs of this project in the side panel',
      icon: runsIcon,
      describedBy: NO_ARGUMENTS,
      execute: () => {
        app.shell.activateById(panel.id);
      }
    });
    app.commands.addCommand(REFRESH, {
      label: 'MLOps: Refresh Runs',
      caption: 'Ask the server for the runs of this project now',
      describedBy: NO_ARGUMENTS,
      execute: () => model.refresh()
    });
    for (const command of [SHOW, REFRESH]) {
      palette?.addItem({ command, category: 'MLOps' });
    }
    if (settings !== null) {
      void follow(settings, model);
    }
  }
};

async function follow(registry: ISettingRegistry, model: IRunsModel): Promise<void> {
  try {
    const settings = await registry.load(ID);
    const apply = (): void => {
      model.interval = settings.get('refreshInterval').composite as number;
      model.limit = settings.get('limit').composite as number;
    };
    settings.changed.connect(apply);
    apply();
  } catch (error) {
    console.warn('mlops-nb: the settings cannot be read, the defaults hold.', error);
  }
}
