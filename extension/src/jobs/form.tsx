import React from 'react';

import type { Api } from '../api';
import { moment } from '../format';
import { Problem } from '../notices';
import { asProblem } from '../polled';
import type { IProblem } from '../tokens';
import { Field } from './field';
import { changed, initial, lasting, type Values } from './values';
import type { IForm } from './wire';

interface IJobFormProps {
  api: Api;
  /** The notebook, from the server's root. */
  path: string;
  /** The job to begin with; empty: the notebook's first, or a new one. */
  job: string;
  onStarted: () => void;
  onClose: () => void;
}

/** Run a notebook as a job, or schedule it. */
export function JobForm(props: IJobFormProps): React.ReactElement {
  const { api, path, job } = props;
  const [form, setForm] = React.useState<IForm | null>(null);
  const [problem, setProblem] = React.useState<IProblem | null>(null);
  React.useEffect(() => {
    let here = true;
    api.get<IForm>('jobs/form', { path, job }).then(
      answer => here && setForm(answer),
      error => here && setProblem(asProblem(error))
    );
    return () => {
      here = false;
    };
  }, [api, path, job]);
  return (
    <section className="mlops-Card mlops-JobForm" aria-label={`Run ${path} as a job`}>
      <header>
        <h3>Run {path} as a job</h3>
        <button type="button" className="mlops-Close" aria-label="Close the form" onClick={props.onClose}>
          ×
        </button>
      </header>
      {problem !== null && <Problem problem={problem} stale={false} />}
      {form === null && problem === null && <p role="status">Reading the parameters …</p>}
      {form !== null && <Filled key={form.job} {...props} form={form} />}
    </section>
  );
}

function Filled({ api, path, form, onStarted }: IJobFormProps & { form: IForm }): React.ReactElement {
  const [name, setName] = React.useState(form.job);
  const [values, setValues] = React.useState<Values>(() =>
    Object.fromEntries(form.fields.map(field => [field.name, initial(field)]))
  );
  const [schedule, setSchedule] = React.useState(form.schedule);
  const [timezone, setTimezone] = React.useState(form.timezone);
  const [problem, setProblem] = React.useState<IProblem | null>(null);
  const [said, setSaid] = React.useState('');
  const [sending, setSending] = React.useState(false);

  const send = async (work: () => Promise<string>): Promise<void> => {
    setSending(true);
    setProblem(null);
    setSaid('');
    try {
      setSaid(await work());
      onStarted();
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setSending(false);
    }
  };
  const run = async (): Promise<string> => {
    await api.post('jobs/run', { path, job: name, parameters: changed(form.fields, values) });
    return `Job ${name} is started.`;
  };
  const save = async (): Promise<string> => {
    const parameters = lasting(form.fields, values);
    const body = { path, job: name, parameters, schedule, timezone };
    const answer = await api.post<{ file: string; next_due: string | null }>('jobs/schedule', body);
    const due = answer.next_due === null ? 'it runs on demand' : `next due ${moment(answer.next_due)}`;
    return `Written to ${answer.file}: ${due}. \`mlops job serve\` or \`mlops job tick\` runs what is due.`;
  };
  return (
    <form
      className="mlops-Form"
      onSubmit={event => {
        event.preventDefault();
        void send(run);
      }}
    >
      <div className="mlops-Form-fields">
        <label>
          <span>Job</span>
          <input
            className="jp-mod-styled"
            required
            pattern="[A-Za-z0-9][\w.\-]*"
            title="Letters, digits, -, _ and ."
            value={name}
            onChange={event => setName(event.target.value)}
          />
          <small>{form.jobs.includes(name) ? 'in the configuration' : 'new: it is written into the configuration'}</small>
        </label>
        {form.fields.map(field => (
          <Field
            key={field.name}
            field={field}
            value={values[field.name] ?? ''}
            onChange={text => setValues({ ...values, [field.name]: text })}
          />
        ))}
        {form.fields.length === 0 && (
          <p>
            This notebook declares no parameters: tag the cell that assigns the defaults{' '}
            <code>parameters</code>.
          </p>
        )}
      </div>
      <fieldset className="mlops-Form-fields">
        <legend>Schedule</legend>
        <label>
          <span>Cron: minute hour day month weekday</span>
          <input
            className="jp-mod-styled"
            placeholder="0 6 * * * is every morning at six"
            value={schedule}
            onChange={event => setSchedule(event.target.value)}
          />
        </label>
        <label>
          <span>Time zone</span>
          <input
            className="jp-mod-styled"
            placeholder="Europe/Berlin"
            value={timezone}
            onChange={event => setTimezone(event.target.value)}
          />
        </label>
      </fieldset>
      {problem !== null && <Problem problem={problem} stale={false} />}
      <p role="status">{said}</p>
      <div className="mlops-Buttons">
        <button type="submit" className="jp-mod-styled jp-mod-accept mlops-Button" disabled={sending}>
          Run now
        </button>
        <button
          type="button"
          className="jp-mod-styled mlops-Button"
          disabled={sending}
          onClick={() => void send(save)}
        >
          Save job and schedule
        </button>
      </div>
    </form>
  );
}
