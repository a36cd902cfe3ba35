import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
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
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const view = model.data[VIEW] as unknown as IView;
    const isLive = view.kernel === this._panel.sessionContext.session?.kernel?.id;
    if (isLive && WIDGET in model.data) {
      // What is drawn already goes on by itself; drawn anew, it would lose the focus.
      if (this._model === view.model_id) return;
      this._model = view.model_id;
      const drawn = await this._draw(WIDGET, model);
      // The kernel was restarted, and the widget is gone.
      if (!drawn.node.textContent?.startsWith('Error displaying widget')) return;
    }
    this._model = '';
    const kept = STATIC.find(kind => kind in model.data);
    if (kept) await this._draw(kept, model);
  }

  private async _draw(
    kind: string,
    model: IRenderMime.IMimeModel
  ): Promise<IRenderMime.IRenderer> {
    this.widgets.slice().forEach(widget => widget.dispose());
    const renderer = this._panel.content.rendermime.createRenderer(kind);
    this.addWidget(renderer);
    await renderer.renderModel(model);
    return renderer;
  }

  private _model = '';
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
