import { type JupyterFrontEnd, LabShell } from '@jupyterlab/application';

/** Where a view stands: the main area of Notebook 7 takes its one document and nothing else. */
export function mainArea(shell: JupyterFrontEnd.IShell): 'main' | 'right' {
  return shell instanceof LabShell ? 'main' : 'right';
}
