import React from 'react';

import { lasting } from '../format';
import type { Polled } from '../polled';
import { PolledView } from '../polledView';
import { StageTable } from './stages';
import type { ILifecycle, IModelLife, IPassage, IStage } from './wire';

/** Versions drawn at first, the newest of them. */
const FIRST = 3;

/** The bottleneck, the funnel, then the life of every model. */
export function LifecycleView({ model }: { model: Polled<ILifecycle> }): React.ReactElement {
  const { answer } = model;
  return (
    <PolledView model={model} title="Lifecycle" label="Lifecycle">
      {answer !== null && <Overview answer={answer} />}
    </PolledView>
  );
}

function Overview({ answer }: { answer: ILifecycle }): React.ReactElement {
  const begun = answer.funnel[0]?.count ?? 0;
  if (begun === 0) {
    return (
      <p className="mlops-None">
        Nothing has happened yet: begin a cell of a notebook with <code>%%mlops run</code>.
      </p>
    );
  }
  return (
    <>
      <Bottleneck found={answer.bottleneck} />
      <Funnel steps={answer.funnel} begun={begun} bottleneck={answer.bottleneck?.stage} />
      {answer.models.map(one => (
        <Life key={one.model} life={one} bottleneck={answer.bottleneck?.stage} />
      ))}
      <Stranded notebooks={answer.never_left_the_notebook} />
      {answer.notes.map(note => (
        <p key={note} className="mlops-Dim">
          {note}
        </p>
      ))}
    </>
  );
}

function Bottleneck({ found }: { found: ILifecycle['bottleneck'] }): React.ReactElement {
  if (found === null) {
    return <p className="mlops-None">No bottleneck: nothing has waited, and nothing has stopped.</p>;
  }
  return (
    <section className="mlops-Bottleneck" aria-label="Bottleneck">
      <h3>Bottleneck: {found.stage}</h3>
      <p>{found.message}</p>
      <p className="mlops-Advice">
        → <code>{found.remedy}</code>
      </p>
    </section>
  );
}

interface IFunnelProps {
  steps: ILifecycle['funnel'];
  begun: number;
  bottleneck: string | undefined;
}

function Funnel({ steps, begun, bottleneck }: IFunnelProps): React.ReactElement {
  return (
    <section aria-label="How far notebooks and models came">
      <h3>How far notebooks and models came</h3>
      <ol className="mlops-Funnel">
        {steps.map(({ stage, count }) => (
          <li key={stage} data-bottleneck={stage === bottleneck}>
            <span>{stage}</span>
            <span className="mlops-Bar" aria-hidden>
              <span style={{ width: `${(100 * count) / begun}%` }} />
            </span>
            <span>{count}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function Life({ life, bottleneck }: { life: IModelLife; bottleneck: string | undefined }): React.ReactElement {
  const [all, setAll] = React.useState(false);
  const newest = [...life.passages].reverse();
  return (
    <section className="mlops-Card" aria-label={`Lifecycle of ${life.model}`}>
      <header>
        <h3>{life.model}</h3>
      </header>
      <p className="mlops-Headline">{headline(life)}</p>
      {life.warnings.length > 0 && (
        <ul className="mlops-Results" aria-label={`Warnings on ${life.model}`}>
          {life.warnings.map(warning => (
            <li key={warning} data-status="warned">
              {warning}
            </li>
          ))}
        </ul>
      )}
      {(all ? newest : newest.slice(0, FIRST)).map(passage => (
        <StageTable
          key={passage.version}
          caption={titled(passage, passage === life.passages[0])}
          stages={shown(passage, passage === life.passages[0])}
          bottleneck={bottleneck}
        />
      ))}
      {newest.length > FIRST && !all && (
        <button type="button" className="jp-mod-styled mlops-Button" onClick={() => setAll(true)}>
          All {newest.length} versions of {life.model}
        </button>
      )}
      {life.repairs.length > 0 && (
        <StageTable
          caption="After alerts"
          stages={life.repairs.map(repair => repair.stage)}
          bottleneck={bottleneck}
        />
      )}
    </section>
  );
}

function Stranded({ notebooks }: { notebooks: ILifecycle['never_left_the_notebook'] }): React.ReactElement | null {
  if (notebooks.length === 0) {
    return null;
  }
  return (
    <section aria-label="Models that never left their notebook">
      <h3>Models that never left their notebook</h3>
      <ul className="mlops-Results">
        {notebooks.map(one => (
          <li key={one.notebook} data-status="warned">
            <b>{one.notebook || 'a notebook without a name'}</b>: {one.runs} runs, {one.models} with a
            model, none registered; the last {new Date(one.last_run).toLocaleDateString()}
          </li>
        ))}
      </ul>
    </section>
  );
}

function headline(life: IModelLife): string {
  const parts = [life.champion === null ? 'no version is live' : `version ${life.champion} is live`];
  if (life.lead_time_seconds !== null) {
    parts.push(`first run to first production prediction ${lasting(life.lead_time_seconds)}`);
  }
  if (life.alert_to_champion_seconds !== null) {
    parts.push(`alert to retrained champion ${lasting(life.alert_to_champion_seconds)}`);
  }
  return parts.join(', ');
}

function titled(passage: IPassage, first: boolean): string {
  const lead = passage.lead_time_seconds;
  return (
    `Version ${passage.version}${first ? ' (the first)' : ''}` +
    (lead === null ? '' : `, lead time ${lasting(lead)}`)
  );
}

/** Later versions begin where the model was explored already; what nobody came to has no line. */
function shown(passage: IPassage, first: boolean): readonly IStage[] {
  const last = passage.stages.reduce((found, stage, at) => (stage.start === null ? found : at), -1);
  return passage.stages.slice(0, last + 1).filter(stage => first || stage.start !== null);
}
