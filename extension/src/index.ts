import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { modelPlugin } from './modelPlugin';
import { panelPlugin } from './panelPlugin';
import { viewPlugin } from './viewPlugin';

export { IRunsModel } from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [modelPlugin, panelPlugin, viewPlugin];

export default plugins;
