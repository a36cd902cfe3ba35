import React from 'react';

import type { Api } from '../api';
import { figure } from '../format';
import { Problem } from '../notices';
import { asProblem } from '../polled';
import type { IProblem } from '../tokens';
import { When } from './health';
import type { Act, IModelsActions } from './view';
import type { IEvidence, IVersion } from './wire';

interface IEvidenceProps {
  version: IVersion;
  api: Api;
  path: string;
  act: Act;
  actions: IModelsActions;
}

/** Metrics with their intervals, gates, approvals and the audit log of one version. */
export function Evidence({ version, api, path, act, actions }: IEvidenceProps): React.ReactElement {
  const reference = `${version.name}/${version.version}`;
  const [found, setFound] = React.useState<IEvidence | null>(null);
  const [problem, setProblem] = React.useState<IProblem | null>(null);
  React.useEffect(() => {
    let here = true;
    api.get<IEvidence>('models/version', { path, reference }).then(
      answer => here && setFound(answer),
      error => here && setProblem(asProblem(error))
    );
    return () => {
      here = false;
    };
    // Read anew once the gates have spoken or an alias has moved.
  }, [api, path, reference, version.status, version.aliases.join()]);
  if (problem !== null) {
    return <Problem problem={problem} stale={false} />;
  }
  if (found === null) {
    return <p role="status">Reading the evidence …</p>;
  }
  return (
    <div className="mlops-Evidence">
      <Actions version={version} act={act} hasCard={found.has_card} onCard={() => actions.openCard(reference)} />
      <Metrics metrics={found.metrics} />
      <p>
        <b>Approvals</b>{' '}
        <span className="mlops-Pill" data-status={found.approvals.status}>
          {found.approvals.status.replace('_', ' ')}
        </span>{' '}
        {found.approvals.message}
        {found.approvals.advice && <code> {found.approvals.advice}</code>}
      </p>
      {found.gates.length > 0 && (
        <ul className="mlops-Results" aria-label={`Gates of ${reference}`}>
          {found.gates.map(gate => (
            <li key={`${gate.name}/${gate.subject}`} data-status={gate.status}>
              <b>{gate.name}</b> {gate.status.replace('_', ' ')}: {gate.message}
            </li>
          ))}
        </ul>
      )}
      {found.gaps.map(gap => (
        <p key={gap}>Gap: {gap}</p>
      ))}
      {found.audit.length > 0 && (
        <ol className="mlops-Audit" aria-label={`Audit log of ${version.name}`}>
          {found.audit.map((entry, index) => (
            <li key={index}>
              <When at={entry.time} /> {entry.action} version {entry.version} by {entry.actor}
              {entry.reason && `: ${entry.reason}`}
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

function Metrics({ metrics }: { metrics: IEvidence['metrics'] }): React.ReactElement {
  return (
    <dl className="mlops-Metrics">
      {Object.entries(metrics).map(([name, interval]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {shown(interval.value)} <small>{`[${shown(interval.low)}, ${shown(interval.high)}]`}</small>
          </dd>
        </div>
      ))}
    </dl>
  );
}

interface IActionsProps {
  version: IVersion;
  act: Act;
  hasCard: boolean;
  onCard: () => void;
}

function Actions({ version, act, hasCard, onCard }: IActionsProps): React.ReactElement {
  const [reason, setReason] = React.useState('');
  const reference = `${version.name}/${version.version}`;
  const champion = version.aliases.includes('champion');
  const send = (verb: string, of: string): void => void act('models/act', { verb, reference: of, reason });
  return (
    <div className="mlops-Buttons">
      {hasCard && <Button label="Card" of={reference} onClick={onCard} />}
      <Button label="Ask the gates" of={reference} onClick={() => send('evaluate', reference)} />
      <input
        className="jp-mod-styled"
        aria-label={`Reason, for the audit log of ${version.name}`}
        placeholder="reason, for the audit log"
        value={reason}
        onChange={event => setReason(event.target.value)}
      />
      {champion ? (
        <Button label="Roll back" of={version.name} onClick={() => send('rollback', version.name)} />
      ) : (
        <Button label="Promote" of={reference} onClick={() => send('promote', reference)} />
      )}
    </div>
  );
}

function Button({ label, of, onClick }: { label: string; of: string; onClick: () => void }): React.ReactElement {
  return (
    <button type="button" className="jp-mod-styled mlops-Button" aria-label={`${label}: ${of}`} onClick={onClick}>
      {label}
    </button>
  );
}

function shown(value: number | null): string {
  return value === null ? '–' : figure(value);
}
