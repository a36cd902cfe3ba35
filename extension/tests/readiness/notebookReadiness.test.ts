import { YNotebook } from '@jupyter/ydoc';
import type { INotebookContent } from '@jupyterlab/nbformat';
import { PromiseDelegate } from '@lumino/coreutils';

import shared from '../../../tests/server/answers/lint.json';
import { ApiError } from '../../src/api';
import { NotebookReadiness } from '../../src/readiness/notebookReadiness';
import type { IAssessment, Severity } from '../../src/readiness/tokens';

const ANSWER = shared.answer as unknown as IAssessment;
const CONTENT = shared.content as unknown as INotebookContent;

/** A notebook on the screen, and a server that answers when it is told to. */
function ground() {
  const live = YNotebook.create({ data: CONTENT });
  const requests: { body: string; answer: PromiseDelegate<IAssessment> }[] = [];
  const changes: object[] = [];
  const choices = { enabled: true, delay: 400, shown: 'info' as Severity };
  let told = 0;
  const readiness = new NotebookReadiness(
    {
      shared: live,
      path: 'churn/train.ipynb',
      content: () => live.toJSON() as INotebookContent,
      edited: () => [1]
    },
    {
      assess: body => {
        const answer = new PromiseDelegate<IAssessment>();
        requests.push({ body, answer });
        return answer.promise;
      },
      change: async body => {
        changes.push(body);
        const content = live.toJSON() as INotebookContent;
        (content.cells[3] as { source: string }).source = 'print(1)';
        return { content, count: 1 };
      }
    },
    choices,
    () => told++
  );
  const answer = async (at: number): Promise<void> => {
    requests[at]?.answer.resolve(ANSWER);
    await jest.advanceTimersByTimeAsync(0);
  };
  return { live, requests, changes, choices, readiness, answer, told: () => told };
}

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

test('one request once the typing rests', async () => {
  const { readiness, requests, answer, told } = ground();
  for (let key = 0; key < 5; key++) {
    readiness.touch();
    await jest.advanceTimersByTimeAsync(100);
  }
  expect(requests).toHaveLength(0);
  await jest.advanceTimersByTimeAsync(400);
  expect(requests).toHaveLength(1);
  const body = JSON.parse(requests[0]?.body ?? '');
  expect([body.path, body.edited]).toEqual(['churn/train.ipynb', [1]]);
  await answer(0);
  expect(readiness.assessment).toBe(ANSWER);
  expect(told()).toBe(1);
});

test('nothing is sent when nothing has changed, unless what lies around has', async () => {
  const { readiness, requests, answer } = ground();
  readiness.touch();
  await jest.advanceTimersByTimeAsync(400);
  await answer(0);
  readiness.touch();
  await jest.advanceTimersByTimeAsync(5000);
  expect(requests).toHaveLength(1);
  readiness.touch(true);
  await jest.advanceTimersByTimeAsync(5000);
  expect(requests).toHaveLength(2);
});

test('findings of a cell whose text has moved on are not given out', async () => {
  const { live, readiness, answer } = ground();
  readiness.touch();
  await jest.advanceTimersByTimeAsync(400);
  const source = live.cells[3]?.getSource() ?? '';
  live.cells[3]?.setSource(`${source}\nmore`);
  await answer(0);
  expect(readiness.findingsIn('cell-2', `${source}\nmore`)).toEqual([]);
  expect(readiness.findingsIn('cell-2', source).map(f => f.code)).toEqual(['NBX008', 'NBX001']);
  expect(readiness.findingsIn('cell-1', live.cells[2]?.getSource() ?? '')).toHaveLength(2);
});

test('what is typed during a request is looked at after it, by one more', async () => {
  const { live, readiness, requests, answer } = ground();
  readiness.touch();
  await jest.advanceTimersByTimeAsync(400);
  live.cells[1]?.setSource('year = 2014');
  readiness.touch();
  await jest.advanceTimersByTimeAsync(2000);
  readiness.touch();
  await jest.advanceTimersByTimeAsync(2000);
  expect(requests).toHaveLength(1);
  let settled = false;
  void readiness.settled().then(() => (settled = true));
  await answer(0);
  expect(settled).toBe(false);
  await jest.advanceTimersByTimeAsync(20_000); // the server was slow: the pause is longer
  expect(requests).toHaveLength(2);
  expect(requests[1]?.body).toContain('2014');
  await answer(1);
  expect(settled).toBe(true);
});

test('a slow answer stretches the pause', async () => {
  const { live, readiness, requests, answer } = ground();
  readiness.touch();
  await jest.advanceTimersByTimeAsync(400);
  await jest.advanceTimersByTimeAsync(1000);
  await answer(0);
  live.cells[1]?.setSource('year = 2014');
  readiness.touch();
  await jest.advanceTimersByTimeAsync(3900);
  expect(requests).toHaveLength(1);
  await jest.advanceTimersByTimeAsync(200);
  expect(requests).toHaveLength(2);
});

test('an answer that comes after the checks were switched off is dropped', async () => {
  const { readiness, choices, answer } = ground();
  readiness.touch();
  await jest.advanceTimersByTimeAsync(400);
  choices.enabled = false;
  readiness.touch();
  await answer(0);
  expect([readiness.assessment, readiness.findings]).toEqual([null, []]);
});

test('a refusal is kept in words, and the next change asks again', async () => {
  const { readiness, requests, answer } = ground();
  readiness.touch();
  await jest.advanceTimersByTimeAsync(400);
  requests[0]?.answer.reject(new ApiError('no', 'why'));
  await jest.advanceTimersByTimeAsync(0);
  expect(readiness.problem).toMatchObject({ message: 'no', hint: 'why' });
  readiness.touch();
  await jest.advanceTimersByTimeAsync(400);
  await answer(1);
  expect(readiness.problem).toBeNull();
});

test('the settings hide what is lighter', async () => {
  const { readiness, choices, answer } = ground();
  readiness.touch();
  await jest.advanceTimersByTimeAsync(400);
  await answer(0);
  choices.shown = 'error';
  expect(readiness.findings.map(f => f.code)).toEqual(['NBX001']);
});

test('a finding is looked for where it stands now, changed in the live cell, and taken back', async () => {
  const { live, readiness, requests, changes, answer } = ground();
  readiness.touch();
  await jest.advanceTimersByTimeAsync(400);
  await answer(0);
  const finding = ANSWER.diagnostics[3];
  const made = readiness.change('accept', finding);
  await jest.advanceTimersByTimeAsync(0);
  const moved = ANSWER.diagnostics.map(one => ({ ...one, line: one.line + 5 }));
  requests[1]?.answer.resolve({ ...ANSWER, diagnostics: moved });
  await jest.advanceTimersByTimeAsync(0);
  const { undo, count } = await made;
  expect(count).toBe(1);
  const place = { code: 'NBX001', line: (finding?.line ?? 0) + 5, column: finding?.column };
  expect(changes[0]).toMatchObject({ change: 'accept', finding: place });
  expect(live.cells[3]?.getSource()).toBe('print(1)');
  expect(undo()).toBe(true);
  expect(live.cells[3]?.getSource()).toContain('gone');
});
