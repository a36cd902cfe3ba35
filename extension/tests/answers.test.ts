/** The answers of the real server, as `tests/server/test_answers.py` keeps them, in our own types. */
import { Signal } from '@lumino/signaling';
import React from 'react';
import { renderToStaticMarkup } from 'react-dom/server';

import alerts from '../../tests/server/answers/alerts.json';
import compare from '../../tests/server/answers/compare.json';
import evidence from '../../tests/server/answers/evidence.json';
import jobs from '../../tests/server/answers/jobs.json';
import lifecycle from '../../tests/server/answers/lifecycle.json';
import models from '../../tests/server/answers/models.json';
import runs from '../../tests/server/answers/runs.json';
import type { Api } from '../src/api';
import { JobsView } from '../src/jobs/view';
import type { IJobsAnswer } from '../src/jobs/wire';
import { LifecycleView } from '../src/lifecycle/view';
import type { ILifecycle } from '../src/lifecycle/wire';
import { RunsModel } from '../src/model';
import { ModelsView } from '../src/models/view';
import type { IAlert, IEvidence, IModels, IModelsAnswer } from '../src/models/wire';
import type { IPlace } from '../src/place';
import { Polled } from '../src/polled';
import { Found, type IComparison } from '../src/runs/compare';
import { RunTable } from '../src/runs/table';
import type { IRunList } from '../src/tokens';

// JupyterLab's icons ask for a whole browser; they are not what is looked at here.
jest.mock('@jupyterlab/ui-components', () => ({ refreshIcon: { react: () => null } }));

// No cast: an answer that lacks what an interface names does not compile, and fails here.
const RUNS: IRunList = runs;
const JOBS: IJobsAnswer = { ...jobs, tasks: [] };
const ALERTS: { alerts: IAlert[] } = alerts;
const MODELS: IModels = models;
const EVIDENCE: IEvidence = evidence;
const LIFECYCLE: ILifecycle = lifecycle;
const COMPARISON = compare as unknown as IComparison; // a point is a pair, which JSON cannot say

/** A server that knows these answers by the nouns that ask for them. */
function server(answers: Record<string, object>) {
  const asked: [string, Record<string, string>][] = [];
  const api = {
    checkVersion: async () => undefined,
    get: async (noun: string, query: Record<string, string>) => {
      asked.push([noun, query]);
      return answers[noun];
    },
    runs: async (path: string) => {
      asked.push(['runs', { path }]);
      return answers.runs;
    }
  };
  return { api: api as unknown as Api, asked };
}

function at(path: string): IPlace {
  const place = { path } as { path: string; changed: unknown };
  place.changed = new Signal<object, void>(place);
  return place as unknown as IPlace;
}

async function polled<T>(answer: T): Promise<Polled<T>> {
  const { api } = server({});
  const store = new Polled<T>({
    name: 'test',
    api,
    place: at('churn/train.ipynb'),
    ask: async () => answer,
    isBusy: () => false
  });
  store.visible = true; // what nobody looks at is not asked for
  while (store.loading || store.answer === null) {
    await new Promise(done => setTimeout(done, 0));
  }
  expect(store.problem).toBeNull();
  return store;
}

const html = renderToStaticMarkup;
const nothing = { openNotebook: jest.fn(), openOutput: jest.fn(), openReport: jest.fn(), openCard: jest.fn() };

test('the table of runs reads them and sorts by any column', async () => {
  const { api, asked } = server({ runs: RUNS, tasks: { tasks: [] } });
  const table = new RunTable(api, at('churn/train.ipynb'), null);
  table.visible = true;
  await new Promise(done => setTimeout(done, 0));
  expect(table.project).toBe('churn');
  expect(table.runs.map(run => run.name)).toEqual(['linear', 'forest']);
  table.choose({ sort: { column: 'params.depth', descending: false } });
  expect(table.runs.map(run => run.params.depth)).toEqual(['3', '4']);
  expect(table.columns).toEqual(expect.arrayContaining(['metrics.auc', 'params.depth']));
  expect(asked[0]).toEqual(['runs', expect.objectContaining({ path: 'churn/train.ipynb' })]);
  table.dispose();
});

test('the side panel has the same runs', async () => {
  const model = new RunsModel(server({ runs: RUNS }).api);
  model.path = 'churn/train.ipynb';
  model.visible = true;
  await model.refresh();
  expect(model.list?.runs.map(run => run.status)).toEqual(['FINISHED', 'FINISHED']);
  model.visible = false;
});

test('a comparison shows what differs, the curves and the code', () => {
  const drawn = html(React.createElement(Found, { found: COMPARISON, chosen: null, onChoose: jest.fn() }));
  expect(drawn).toContain('depth');
  expect(drawn).toMatch(/<ins[^>]*>\+?depth = 4/);
  expect(drawn).toContain('<polyline');
});

test('jobs with what ran', async () => {
  const model = await polled(JOBS);
  const drawn = html(
    React.createElement(JobsView, { api: server({}).api, model, asked: null, onAsk: jest.fn(), actions: nothing })
  );
  expect(drawn).toContain('0 6 * * * UTC');
  expect(drawn).toContain('Report of monitor');
  model.dispose();
});

test('models with their health and alerts', async () => {
  const answer: IModelsAnswer = { ...MODELS, ...ALERTS, tasks: [] };
  const model = await polled(answer);
  const drawn = html(
    React.createElement(ModelsView, { api: server({}).api, model, actions: nothing })
  );
  expect(drawn).toContain('@champion');
  expect(drawn).toContain('calls saved: 120 (goal 100)');
  expect(drawn).toContain('look at the labels');
  expect(EVIDENCE.audit.map(entry => entry.action)).toEqual(['promote']);
  model.dispose();
});

test('stages with the time worked and waited, and the bottleneck', async () => {
  const model = await polled(LIFECYCLE);
  const drawn = html(React.createElement(LifecycleView, { model }));
  expect(drawn).toContain('Bottleneck: validate');
  expect(drawn).toContain('version 1 is live');
  const stages = [...drawn.matchAll(/<th scope="row">(\w+)/g)].map(found => found[1]);
  expect(stages).toEqual([
    'explore', 'experiment', 'validate', 'register', 'approve', 'deploy', 'monitor', 'retrain'
  ]);
  expect(drawn).toMatch(/experiment<\/th><td>1 min<\/td><td>–/);
  expect(drawn).not.toContain('NaN');
  model.dispose();
});
