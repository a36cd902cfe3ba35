import React from 'react';

import { When } from './health';
import type { Act, IModelsActions } from './view';
import type { IAlert } from './wire';

interface IAlertsProps {
  alerts: readonly IAlert[];
  act: Act;
  actions: IModelsActions;
}

/** What is wrong and not over; somebody may say that they see to it. */
export function Alerts({ alerts, act, actions }: IAlertsProps): React.ReactElement {
  if (alerts.length === 0) {
    return <p className="mlops-None">No alert is open.</p>;
  }
  return (
    <section aria-label="Alerts">
      <h3>Alerts</h3>
      <ul className="mlops-Alerts">
        {alerts.map(alert => (
          <Alert key={alert.id} alert={alert} act={act} actions={actions} />
        ))}
      </ul>
    </section>
  );
}

function Alert({ alert, act, actions }: { alert: IAlert; act: Act; actions: IModelsActions }): React.ReactElement {
  return (
    <li data-status={alert.status} data-severity={alert.severity}>
      <p>
        <b>
          {alert.model && `${alert.model}: `}
          {alert.finding}
        </b>{' '}
        <span className="mlops-Pill" data-status={alert.status === 'open' ? 'failed' : 'warned'}>
          {alert.status}
        </span>
      </p>
      <p>{alert.message}</p>
      {alert.advice && <p className="mlops-Advice">→ {alert.advice}</p>}
      <p className="mlops-Dim">
        since <When at={alert.since} />, {alert.windows} in a row
        {alert.owner && `, ${alert.owner} answers for it`}
        {alert.playbook && `, playbook ${alert.playbook}`}
        {alert.note && `, note: ${alert.note}`}
      </p>
      <div className="mlops-Buttons">
        {alert.status === 'open' && <Acknowledge alert={alert} act={act} />}
        {alert.report && (
          <button
            type="button"
            className="jp-mod-styled mlops-Button"
            aria-label={`Open the report behind ${alert.finding}`}
            onClick={() => actions.openReport(alert)}
          >
            Open report
          </button>
        )}
      </div>
    </li>
  );
}

function Acknowledge({ alert, act }: { alert: IAlert; act: Act }): React.ReactElement {
  const [note, setNote] = React.useState('');
  return (
    <form
      className="mlops-Inline"
      onSubmit={event => {
        event.preventDefault();
        void act('alerts/acknowledge', { id: alert.id, note });
      }}
    >
      <input
        className="jp-mod-styled"
        aria-label={`Note on ${alert.finding}`}
        placeholder="who sees to it, what is being done"
        value={note}
        onChange={event => setNote(event.target.value)}
      />
      <button type="submit" className="jp-mod-styled mlops-Button">
        Acknowledge
      </button>
    </form>
  );
}
