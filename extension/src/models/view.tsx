import React from 'react';

import type { Api } from '../api';
import { asProblem, type Polled } from '../polled';
import { PolledView } from '../polledView';
import { TaskLine } from '../tasks';
import type { IProblem } from '../tokens';
import { Alerts } from './alerts';
import { Health } from './health';
import { Versions } from './versions';
import type { IModel, IModelsAnswer } from './wire';

/** What the view can do beside asking the server. */
export interface IModelsActions {
  openCard: (reference: string) => void;
  openReport: (attempt: { attempt: string; job: string }) => void;
}

export type Act = (noun: string, body: object) => Promise<boolean>;

interface IModelsViewProps {
  api: Api;
  model: Polled<IModelsAnswer>;
  actions: IModelsActions;
}

/** Alerts, then every model: how it is, and its versions. */
export function ModelsView({ api, model, actions }: IModelsViewProps): React.ReactElement {
  const [problem, setProblem] = React.useState<IProblem | null>(null);
  const act: Act = async (noun, body) => {
    let done = true;
    try {
      await api.post(noun, { path: model.path, ...body });
      setProblem(null);
    } catch (error) {
      setProblem(asProblem(error));
      done = false;
    }
    await model.refresh();
    return done;
  };
  const { answer } = model;
  return (
    <PolledView model={model} title="Models" label="Models and alerts" problem={problem}>
      {answer !== null && (
        <>
          <Alerts alerts={answer.alerts} act={act} actions={actions} />
          {answer.models.length === 0 && (
            <p className="mlops-None">
              No model is registered: open the table of runs and register the model of one.
            </p>
          )}
          {answer.models.map(one => (
            <Model key={one.name} model={one} answer={answer} api={api} path={model.path} act={act} actions={actions} />
          ))}
        </>
      )}
    </PolledView>
  );
}

interface IModelProps {
  model: IModel;
  answer: IModelsAnswer;
  api: Api;
  path: string;
  act: Act;
  actions: IModelsActions;
}

function Model({ model, answer, api, path, act, actions }: IModelProps): React.ReactElement {
  const tasks = answer.tasks.filter(
    task => task.verb !== 'job' && task.subject.split(/[@/]/)[0] === model.name
  );
  const latest = tasks[0];
  return (
    <section className="mlops-Card" aria-label={`Model ${model.name}`}>
      <header>
        <h3>{model.name}</h3>
        {model.health !== null && (
          <span className="mlops-Pill" data-status={model.health.status}>
            {model.health.status.replace('_', ' ')}
          </span>
        )}
        {model.health?.report && (
          <button
            type="button"
            className="jp-mod-styled mlops-Button"
            aria-label={`Open the report on ${model.name}`}
            onClick={() => actions.openReport(model.health!)}
          >
            Open report
          </button>
        )}
      </header>
      {latest !== undefined && (
        <TaskLine task={latest} onStop={task => void act('tasks/stop', { id: task.id })} />
      )}
      {model.health === null ? (
        <p className="mlops-None">
          No monitor has come to a verdict yet: run the job of the monitor notebook.
        </p>
      ) : (
        <Health health={model.health} />
      )}
      <Versions model={model} api={api} path={path} act={act} actions={actions} />
    </section>
  );
}
