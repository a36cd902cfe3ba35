import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { jobsPlugin } from './jobs/plugin';
import { modelPlugin } from './modelPlugin';
import { modelsPlugin } from './models/plugin';
import { panelPlugin } from './panelPlugin';
import { placePlugin } from './place';
import { runsPlugin } from './runs/plugin';

export { IRunsModel } from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  placePlugin,
  modelPlugin,
  panelPlugin,
  runsPlugin,
  jobsPlugin,
  modelsPlugin
];

export default plugins;
