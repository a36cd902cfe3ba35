import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, IToolbarWidgetRegistry, Notification } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStatusBar } from '@jupyterlab/statusbar';

import { Badge, StatusItem } from './badge';
import { addCommands, CHECK, SHOW, TOGGLE } from './commands';
import { ReadinessPanel } from './panel';
import { IReadiness, type Severity } from './tokens';

const ID = 'mlops-nb:readiness';

/** The panel, the badge in the toolbar, the commands and the settings. */
export const readinessPanelPlugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'A side panel with what the current notebook lacks for production.',
  autoStart: true,
  requires: [IReadiness, INotebookTracker],
  optional: [ICommandPalette, ILayoutRestorer, ISettingRegistry, IToolbarWidgetRegistry],
  activate: (
    app: JupyterFrontEnd,
    readiness: IReadiness,
    tracker: INotebookTracker,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    settings: ISettingRegistry | null,
    toolbars: IToolbarWidgetRegistry | null
  ): void => {
    const execute = (id: string): void => void app.commands.execute(id);
    const panel = new ReadinessPanel(readiness, tracker, {
      check: () => execute(CHECK),
      enable: () => execute(TOGGLE)
    });
    app.shell.add(panel, 'right', { rank: 500, type: 'MLOps readiness' });
    restorer?.add(panel, panel.id);
    const toggle = async (): Promise<void> => {
      readiness.enabled = !readiness.enabled;
      await settings?.set(ID, 'enabled', readiness.enabled);
    };
    const show = (): void => app.shell.activateById(panel.id);
    for (const command of addCommands({ app, readiness, tracker, show, toggle })) {
      palette?.addItem({ command, category: 'MLOps' });
    }
    toolbars?.addFactory<NotebookPanel>(
      'Notebook',
      'mlops-readiness',
      notebook => new Badge(notebook, readiness, show)
    );
    warn(readiness, () => execute(SHOW));
    if (settings !== null) {
      void follow(settings, readiness);
    }
  }
};

/** The item in the status bar. */
export const readinessStatusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mlops-nb:readiness-status',
  description: 'How many findings the current notebook has, in the status bar.',
  autoStart: true,
  requires: [IReadiness, INotebookTracker],
  optional: [IStatusBar], // Notebook 7 has none
  activate: (
    app: JupyterFrontEnd,
    readiness: IReadiness,
    tracker: INotebookTracker,
    statusBar: IStatusBar | null
  ): void => {
    if (statusBar === null) {
      return;
    }
    const current = () => readiness.of(tracker.currentWidget?.context.model.sharedModel);
    const show = (): void => void app.commands.execute(SHOW);
    const item = new StatusItem(current, readiness, show);
    tracker.currentChanged.connect(() => item.update());
    statusBar.registerStatusItem('mlops-nb:readiness', {
      item,
      align: 'right',
      rank: 200,
      isActive: () =>
        tracker.currentWidget !== null && app.shell.currentWidget === tracker.currentWidget,
      activeStateChanged: (app.shell.currentChanged ?? readiness.changed) as never
    });
  }
};

/** Say once, in words, that the checks do not work, whoever has opened the panel or not. */
function warn(readiness: IReadiness, show: () => void): void {
  const told = new Set<string>();
  readiness.changed.connect((_, { problem }) => {
    if (problem !== null && !told.has(problem.message)) {
      told.add(problem.message);
      Notification.warning(`Notebooks are not checked. ${problem.message}`, {
        autoClose: false,
        actions: [{ label: 'What to do', callback: show }]
      });
    }
  });
}

async function follow(registry: ISettingRegistry, readiness: IReadiness): Promise<void> {
  try {
    const settings = await registry.load(ID);
    const apply = (): void => {
      readiness.delay = settings.get('delay').composite as number;
      readiness.shown = settings.get('shown').composite as Severity;
      readiness.enabled = settings.get('enabled').composite as boolean;
    };
    settings.changed.connect(apply);
    apply();
  } catch (error) {
    console.warn('mlops-nb: the settings cannot be read, the defaults hold.', error);
  }
}
