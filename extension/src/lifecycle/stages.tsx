import React from 'react';

import { lasting, moment } from '../format';
import type { IStage } from './wire';

interface IStagesProps {
  caption: string;
  stages: readonly IStage[];
  bottleneck: string | undefined;
}

/** Stages with the time worked and waited in each, as figures and as bars of one scale. */
export function StageTable({ caption, stages, bottleneck }: IStagesProps): React.ReactElement | null {
  if (stages.length === 0) {
    return null;
  }
  const longest = Math.max(1, ...stages.map(one => (one.worked_seconds ?? 0) + (one.waited_seconds ?? 0)));
  return (
    <table className="mlops-Table mlops-Stages">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">Stage</th>
          <th scope="col">Worked</th>
          <th scope="col">Waited</th>
          <td />
          <th scope="col">From</th>
          <th scope="col">Evidence</th>
        </tr>
      </thead>
      <tbody>
        {stages.map((stage, at) => (
          <Row key={at} stage={stage} longest={longest} isBottleneck={stage.stage === bottleneck} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ stage, longest, isBottleneck }: { stage: IStage; longest: number; isBottleneck: boolean }): React.ReactElement {
  const worked = stage.worked_seconds ?? 0;
  const waited = stage.waited_seconds ?? 0;
  const width = (seconds: number): object => ({ width: `${(100 * seconds) / longest}%` });
  return (
    <tr data-bottleneck={isBottleneck}>
      <th scope="row">
        {stage.stage}
        {isBottleneck && <small> bottleneck</small>}
      </th>
      <td>{worked > 0 ? lasting(worked) : '–'}</td>
      <td>{waited > 0 ? `${lasting(waited)}${stage.open ? ' …' : ''}` : '–'}</td>
      <td aria-hidden>
        <span className="mlops-Bar">
          <span style={width(worked)} />
          <span className="mlops-mod-waited" style={width(waited)} />
        </span>
      </td>
      <td>{stage.start === null ? '–' : <time dateTime={stage.start}>{moment(stage.start)}</time>}</td>
      <td>{stage.start === null ? 'not on record' : stage.evidence}</td>
    </tr>
  );
}
