import React from 'react';

import type { Api } from '../api';
import { moment } from '../format';
import { Problem } from '../notices';
import { asProblem } from '../polled';
import { Facts } from '../runItem';
import type { IProblem } from '../tokens';
import type { IAttempt } from './wire';

/** The part of an attempt's `job.json` that is shown. */
interface IRecord {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly warnings: readonly string[];
  readonly results: readonly {
    readonly name: string;
    readonly subject: string;
    readonly status: string;
    readonly message: string;
  }[];
}

interface IAttemptDetailsProps {
  api: Api;
  path: string;
  attempt: IAttempt;
}

/** What an attempt ran with, and what its checks found. */
export function AttemptDetails({ api, path, attempt }: IAttemptDetailsProps): React.ReactElement {
  const [record, setRecord] = React.useState<IRecord | null>(null);
  const [problem, setProblem] = React.useState<IProblem | null>(null);
  React.useEffect(() => {
    let here = true;
    api.get<{ record: IRecord }>('jobs/attempt', { path, attempt: attempt.attempt }).then(
      answer => here && setRecord(answer.record),
      error => here && setProblem(asProblem(error))
    );
    return () => {
      here = false;
    };
  }, [api, path, attempt.attempt]);
  const facts: [string, string][] = [
    ['attempt', attempt.attempt],
    ['due time', moment(attempt.logical_time)]
  ];
  if (attempt.run_id !== null) {
    facts.push(['run', attempt.run_id]);
  }
  return (
    <div className="mlops-Attempt">
      {problem !== null && <Problem problem={problem} stale={false} />}
      {attempt.message !== '' && <pre>{attempt.message}</pre>}
      <Facts title="Attempt" rows={facts} />
      {record !== null && (
        <>
          <Facts title="Parameters" rows={texts(record.parameters)} />
          <Facts title="Checks" rows={record.results.map(one => [
            `${one.name} ${one.subject}`,
            `${one.status.replace('_', ' ')}: ${one.message}`
          ])} />
          {record.warnings.map(text => (
            <p key={text}>{text}</p>
          ))}
        </>
      )}
    </div>
  );
}

function texts(values: Readonly<Record<string, unknown>>): [string, string][] {
  return Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value)
  ]);
}
