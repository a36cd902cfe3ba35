import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { jobsPlugin } from './jobs/plugin';
import { lifecyclePlugin } from './lifecycle/plugin';
import { modelPlugin } from './modelPlugin';
import { modelsPlugin } from './models/plugin';
import { panelPlugin } from './panelPlugin';
import { placePlugin } from './place';
import { marksPlugin } from './readiness/marksPlugin';
import { readinessPlugin } from './readiness/modelPlugin';
import { readinessPanelPlugin, readinessStatusPlugin } from './readiness/panelPlugin';
import { runsPlugin } from './runs/plugin';
import { viewPlugin } from './viewPlugin';

export { IReadiness } from './readiness/tokens';
export { IRunsModel } from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  placePlugin,
  modelPlugin,
  panelPlugin,
  runsPlugin,
  jobsPlugin,
  modelsPlugin,
  lifecyclePlugin,
  readinessPlugin,
  marksPlugin,
  readinessPanelPlugin,
  readinessStatusPlugin,
  viewPlugin
];

export default plugins;
