import type { JupyterFrontEnd } from '@jupyterlab/application';
import { IFrame, MainAreaWidget } from '@jupyterlab/apputils';
import { URLExt } from '@jupyterlab/coreutils';
import type { LabIcon } from '@jupyterlab/ui-components';

import { mainArea } from './mainArea';

interface IPageOptions {
  id: string;
  title: string;
  icon: LabIcon;
  /** Below `/mlops/`. */
  noun: string;
  query: Record<string, string>;
}

/** Open a page that a job or a model left; it can run its own scripts and reach nothing of ours. */
export function openPage(app: JupyterFrontEnd, options: IPageOptions): void {
  const { id, title, icon, noun, query } = options;
  const area = mainArea(app.shell);
  const open = [...app.shell.widgets(area)].find(widget => widget.id === id);
  if (open === undefined) {
    const content = new IFrame({ sandbox: ['allow-scripts'] });
    const base = app.serviceManager.serverSettings.baseUrl;
    content.url = URLExt.join(base, 'mlops', noun) + URLExt.objectToQueryString(query);
    const widget = new MainAreaWidget({ content });
    widget.id = id;
    widget.title.label = title;
    widget.title.icon = icon;
    widget.title.closable = true;
    content.node.querySelector('iframe')?.setAttribute('title', title);
    app.shell.add(widget, area);
  }
  app.shell.activateById(id);
}
