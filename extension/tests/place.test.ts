/** Whose project the views show, also when one of them is what a page comes back with. */
import { Signal } from '@lumino/signaling';

import { placePlugin } from '../src/place';

const contents = {
  driveName: (path: string) => (path.includes(':') ? path.split(':')[0]! : ''),
  localPath: (path: string) => path.split(':').pop()!
};

async function place(current: object | null, main: object[]) {
  const shell: { currentWidget: object | null; currentChanged: unknown; widgets: () => object[] } = {
    currentWidget: current,
    currentChanged: null,
    widgets: () => main
  };
  const changed = new Signal<object, { newValue: object | null }>(shell);
  shell.currentChanged = changed;
  const app = { shell, restored: Promise.resolve(), serviceManager: { contents } };
  const found = await placePlugin.activate(app as never);
  await app.restored;
  return { found, go: (newValue: object | null) => changed.emit({ newValue }) };
}

const VIEW = {};
const document = (path: string) => ({ context: { path } });

test('a page that comes back with a view has the project of an open document', async () => {
  const { found } = await place(VIEW, [document('churn/train.ipynb'), VIEW]);
  expect(found.path).toBe('churn/train.ipynb');
});

test('the current document is the one, whatever else is open', async () => {
  const one = document('RTC:churn/train.ipynb');
  const { found, go } = await place(one, [one, document('other/a.ipynb')]);
  expect(found.path).toBe('churn/train.ipynb');
  go(VIEW);
  go(document('MLOpsOutputs:job/output.ipynb'));
  expect(found.path).toBe('churn/train.ipynb');
  go(document('other/a.ipynb'));
  expect(found.path).toBe('other/a.ipynb');
});

test('without any document it is the folder of the server', async () => {
  expect((await place(null, [])).found.path).toBe('');
});
