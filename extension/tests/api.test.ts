import { ServerConnection } from '@jupyterlab/services';

import { Api, ApiError } from '../src/api';
import { VERSION } from '../src/version';

const asked: Request[] = [];

function server(answer: () => Response): Api {
  asked.length = 0;
  return new Api(
    ServerConnection.makeSettings({
      baseUrl: 'http://127.0.0.1:8888/user/ada/',
      fetch: async request => {
        asked.push(request as Request);
        return answer();
      }
    })
  );
}

function json(body: object, status = 200): Response {
  const headers = { 'Content-Type': 'application/json' };
  return new Response(JSON.stringify(body), { status, headers });
}

async function refusal(promise: Promise<unknown>): Promise<ApiError> {
  const error = await promise.then(
    () => null,
    reason => reason
  );
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

test('a request goes to the server of the page, below its base', async () => {
  const api = server(() => json({ runs: [] }));
  await api.get('runs', { path: 'a b/ü.ipynb' });
  const url = new URL(asked[0]?.url ?? '');
  expect(url.pathname).toBe('/user/ada/mlops/runs');
  expect(url.searchParams.get('path')).toBe('a b/ü.ipynb');
});

test('what is posted is JSON', async () => {
  const api = server(() => json({}));
  await api.post('lint', { path: 'a.ipynb' });
  expect(asked[0]?.method).toBe('POST');
  expect(await asked[0]?.json()).toEqual({ path: 'a.ipynb' });
});

test('the same version is fine', async () => {
  await server(() => json({ version: VERSION })).checkVersion();
});

test('another version says what to do', async () => {
  const error = await refusal(server(() => json({ version: '99.0' })).checkVersion());
  expect(error.message).toContain(`runs mlops_nb 99.0, this page was loaded with ${VERSION}`);
  expect(error.hint).toContain('Restart the Jupyter server');
});

test('a page that is not ours means that the server part is missing', async () => {
  const error = await refusal(server(() => new Response('<html>', { status: 404 })).get('runs'));
  expect(error.message).toBe('The server part of mlops_nb is not running.');
});

test("the server's own words are shown", async () => {
  const answer = json({ message: 'unknown run', hint: 'mlops run list' }, 404);
  const error = await refusal(server(() => answer).get('runs'));
  expect([error.message, error.hint]).toEqual(['unknown run', 'mlops run list']);
});

test('an answer without words has its status', async () => {
  const answer = new Response('oops', { status: 502, statusText: 'Bad Gateway' });
  const error = await refusal(server(() => answer).get('runs'));
  expect(error.message).toBe('The server answered 502 Bad Gateway.');
});

test('a server out of reach', async () => {
  const api = server(() => {
    throw new TypeError('Failed to fetch');
  });
  const error = await refusal(api.get('runs'));
  expect(error.message).toBe('The Jupyter server does not answer.');
});
