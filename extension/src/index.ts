import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { modelPlugin } from './modelPlugin';
import { panelPlugin } from './panelPlugin';

export { IRunsModel } from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [modelPlugin, panelPlugin];

export default plugins;
