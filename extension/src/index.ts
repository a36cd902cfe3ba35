import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { modelPlugin } from './modelPlugin';
import { panelPlugin } from './panelPlugin';
import { marksPlugin } from './readiness/marksPlugin';
import { readinessPlugin } from './readiness/modelPlugin';
import { readinessPanelPlugin, readinessStatusPlugin } from './readiness/panelPlugin';

export { IReadiness } from './readiness/tokens';
export { IRunsModel } from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  modelPlugin,
  panelPlugin,
  readinessPlugin,
  marksPlugin,
  readinessPanelPlugin,
  readinessStatusPlugin
];

export default plugins;
