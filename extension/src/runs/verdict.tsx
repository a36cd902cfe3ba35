import React from 'react';

import { figure } from '../format';

/** What `mlops run reproduce --format json` answers. */
export interface IReproduction {
  readonly verdict: 'reproduced' | 'different' | 'impossible';
  readonly environment: string;
  readonly seconds: number;
  readonly metrics: readonly {
    readonly name: string;
    readonly before: number | string | null;
    readonly after: number | string | null;
    readonly verdict: string;
  }[];
  readonly causes: readonly { readonly text: string }[];
  readonly notes: readonly { readonly text: string }[];
}

/** Whether a run came out the same, metric by metric, and why not. */
export function Verdict({ found }: { found: IReproduction }): React.ReactElement {
  return (
    <div className="mlops-Verdict" data-verdict={found.verdict}>
      <p>
        <b>{found.verdict}</b> in {figure(found.seconds)} s, environment {found.environment}
      </p>
      {found.metrics.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">metric</th>
              <th scope="col">then</th>
              <th scope="col">now</th>
              <th scope="col">verdict</th>
            </tr>
          </thead>
          <tbody>
            {found.metrics.map(metric => (
              <tr key={metric.name}>
                <th scope="row">{metric.name}</th>
                <td>{shown(metric.before)}</td>
                <td>{shown(metric.after)}</td>
                <td>{metric.verdict}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <Causes title="Likely cause" causes={found.causes} />
      <Causes title="Note" causes={found.notes} />
    </div>
  );
}

function Causes({ title, causes }: { title: string; causes: readonly { text: string }[] }): React.ReactElement {
  return (
    <>
      {causes.map((cause, index) => (
        <p key={index}>
          {title}: {cause.text}
        </p>
      ))}
    </>
  );
}

function shown(value: number | string | null): string {
  return value === null ? '–' : figure(value);
}
