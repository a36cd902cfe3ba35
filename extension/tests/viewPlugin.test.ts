/** Which form of a view is shown: the widget while its kernel has it, else what was kept. */
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import { viewPlugin } from '../src/viewPlugin';

// Its token is all that is asked of it, and it would bring the whole of JupyterLab along.
jest.mock('@jupyterlab/notebook', () => ({ INotebookTracker: {} }));

const WIDGET = 'application/vnd.jupyter.widget-view+json';
const MODEL = {
  data: {
    'application/vnd.mlops.view+json': { model_id: 'm', kernel: 'k' },
    [WIDGET]: { model_id: 'm' },
    'text/html': '<table></table>'
  }
} as unknown as IRenderMime.IMimeModel;

class Kernel {
  constructor(
    readonly id: string,
    private readonly known: boolean,
    private readonly comms: object | Error = {}
  ) {}
  hasComm = (): boolean => this.known;
  requestCommInfo = async (): Promise<object> => {
    if (this.comms instanceof Error) throw this.comms;
    return { content: { status: 'ok', comms: this.comms } };
  };
}

/** A notebook whose session has this kernel, or none yet. */
function notebook(kernel: Kernel | null) {
  const drawn: string[] = [];
  let factory: IRenderMime.IRendererFactory | null = null;
  const context: { session: { kernel: Kernel | null } | null; kernelChanged: unknown } = {
    session: kernel && { kernel },
    kernelChanged: null
  };
  const changed = new Signal<object, void>(context);
  context.kernelChanged = changed;
  const rendermime = {
    addFactory: (added: IRenderMime.IRendererFactory) => (factory = added),
    createRenderer: (kind: string) =>
      Object.assign(new Widget(), { renderModel: async () => void drawn.push(kind) })
  };
  const panel = { content: { rendermime }, sessionContext: context };
  const tracker = { forEach: (each: (one: object) => void) => each(panel), widgetAdded: { connect: jest.fn() } };
  void viewPlugin.activate({} as never, tracker as never);
  const renderer = factory!.createRenderer({} as never);
  const connect = async (to: Kernel): Promise<void> => {
    context.session = { kernel: to };
    changed.emit();
    await new Promise(done => setTimeout(done, 0));
  };
  return { drawn, renderer, connect };
}

test('a view that has just been made is the widget, and is not drawn anew while it lasts', async () => {
  const { drawn, renderer } = notebook(new Kernel('k', true));
  await renderer.renderModel(MODEL);
  await renderer.renderModel(MODEL);
  expect(drawn).toEqual([WIDGET]);
});

test('a page that was loaded anew shows what was kept until it has the kernel, then the widget', async () => {
  const { drawn, renderer, connect } = notebook(null);
  await renderer.renderModel(MODEL);
  expect(drawn).toEqual(['text/html']);
  await connect(new Kernel('k', false, { m: { target_name: 'jupyter.widget' } }));
  expect(drawn).toEqual(['text/html', 'text/html', WIDGET]);
});

test.each([
  ['was restarted', new Kernel('k', false, {})],
  ['does not answer', new Kernel('k', false, new Error('dead'))],
  ['is another one', new Kernel('other', true, { m: {} })]
])('the kernel %s: what was kept is shown, and the widget is not asked for', async (_, kernel) => {
  const { drawn, renderer } = notebook(kernel);
  await renderer.renderModel(MODEL);
  expect(drawn).toEqual(['text/html']);
});

test('a view that is gone is not drawn when the kernel changes', async () => {
  const { drawn, renderer, connect } = notebook(null);
  await renderer.renderModel(MODEL);
  renderer.dispose();
  await connect(new Kernel('k', true));
  expect(drawn).toEqual(['text/html']);
});
