import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import type { Kernel } from '@jupyterlab/services';
import { Panel } from '@lumino/widgets';

/** Our views beside the widget that draws them: which kernel made it. */
const VIEW = 'application/vnd.mlops.view+json';
const WIDGET = 'application/vnd.jupyter.widget-view+json';
const STATIC = ['text/html', 'text/plain'];

/** Before the widgets' own renderer, which is at -10. */
const RANK = -20;

interface IView {
  model_id: string;
  kernel: string;
}

/**
 * Shows the widget while its kernel lives, and what is kept in the notebook afterwards: without
 * it, a notebook that is opened again says "model not found" where a table stands.
 */
class ViewRenderer extends Panel implements IRenderMime.IRenderer {
  constructor(private readonly _panel: NotebookPanel) {
    super();
    // A page that was loaded anew draws its notebook before it is told of the kernel.
    _panel.sessionContext.kernelChanged.connect(this._again, this);
  }

  override dispose(): void {
    this._panel.sessionContext.kernelChanged.disconnect(this._again, this);
    super.dispose();
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._latest = model;
    const view = model.data[VIEW] as unknown as IView;
    const kernel = this._panel.sessionContext.session?.kernel ?? null;
    const isMade = kernel !== null && view.kernel === kernel.id && WIDGET in model.data;
    if (isMade && kernel.hasComm(view.model_id)) {
      return this._drawLive(view, model);
    }
    await this._drawKept(model);
    // A page knows nothing yet of what an earlier one has shown; a kernel that was restarted
    // knows it no more, and asking the widgets for it would be an error.
    if (isMade && (await isOpen(kernel, view.model_id)) && this._latest === model) {
      await this._drawLive(view, model);
    }
  }

  private async _drawLive(view: IView, model: IRenderMime.IMimeModel): Promise<void> {
    // What is drawn already goes on by itself; drawn anew, it would lose the focus.
    if (this._model === view.model_id) return;
    this._model = view.model_id;
    await this._draw(WIDGET, model);
  }

  private async _drawKept(model: IRenderMime.IMimeModel): Promise<void> {
    this._model = '';
    const kept = STATIC.find(kind => kind in model.data);
    if (kept) await this._draw(kept, model);
  }

  private async _draw(kind: string, model: IRenderMime.IMimeModel): Promise<void> {
    this.widgets.slice().forEach(widget => widget.dispose());
    const renderer = this._panel.content.rendermime.createRenderer(kind);
    this.addWidget(renderer);
    await renderer.renderModel(model);
  }

  private _again(): void {
    if (this._latest !== null && !this.isDisposed) {
      void this.renderModel(this._latest);
    }
  }

  private _latest: IRenderMime.IMimeModel | null = null;
  private _model = '';
}

/** Whether the kernel still has a widget; one that does not answer has none. */
async function isOpen(kernel: Kernel.IKernelConnection, id: string): Promise<boolean> {
  try {
    const { content } = await kernel.requestCommInfo({ target_name: 'jupyter.widget' });
    return content.status === 'ok' && id in content.comms;
  } catch {
    return false;
  }
}

function register(panel: NotebookPanel): void {
  panel.content.rendermime.addFactory(
    { safe: false, mimeTypes: [VIEW], createRenderer: () => new ViewRenderer(panel) },
    RANK
  );
}

export const viewPlugin: JupyterFrontEndPlugin<void> = {
  id: 'mlops-nb:views',
  description: 'Shows what a notebook keeps of a widget when the widget is gone.',
  autoStart: true,
  requires: [INotebookTracker],
  activate: (_app: JupyterFrontEnd, tracker: INotebookTracker): void => {
    tracker.forEach(register);
    tracker.widgetAdded.connect((_, panel) => register(panel));
  }
};
