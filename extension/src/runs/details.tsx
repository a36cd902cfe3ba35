import React from 'react';

import { duration, figure, moment, plainFirst } from '../format';
import { Facts } from '../runItem';
import { type ITask, TaskLine } from '../tasks';
import type { IRun } from '../tokens';
import { RegisterForm } from './register';
import type { RunTable } from './table';
import { type IReproduction, Verdict } from './verdict';

interface IDetailsProps {
  table: RunTable;
  run: IRun;
  onInsert: (code: string) => void;
  onClose: () => void;
}

/** What the list of runs does not tell of one. */
interface IPage {
  readonly files: readonly string[];
  /** How it came out when it was made again last. */
  readonly reproduction: IReproduction | null;
}

/** Everything of one run, and what can be done with it. */
export function RunDetails({ table, run, onInsert, onClose }: IDetailsProps): React.ReactElement {
  const [registering, setRegistering] = React.useState(false);
  const page = usePage(table, run);
  const name = run.name || run.run_id.slice(0, 8);
  const tasks = table.tasks.filter(task => task.subject === run.run_id);
  const latest = tasks[0];
  const facts: [string, string][] = [
    ['status', run.status.toLowerCase()],
    ['started', moment(run.started)],
    ['duration', run.ended === null ? 'running' : duration(run.started, run.ended)],
    ['notebook', run.notebook || '–'],
    ['run id', run.run_id]
  ];
  return (
    <section className="mlops-Details" aria-label={`Run ${name}`}>
      <header>
        <h3>{name}</h3>
        <button type="button" className="mlops-Close" aria-label="Close the run" onClick={onClose}>
          ×
        </button>
      </header>
      <div className="mlops-Buttons">
        <Action label="Insert loading code" onClick={() => onInsert(loading(run))} />
        <Action label="Reproduce" onClick={() => void table.act('runs/reproduce', { run: run.run_id })} />
        <Action label="Register model …" onClick={() => setRegistering(!registering)} />
      </div>
      {registering && (
        <RegisterForm table={table} run={run} onDone={() => setRegistering(false)} />
      )}
      {latest !== undefined && <Latest table={table} task={latest} name={name} />}
      {latest === undefined && page?.reproduction && <Verdict found={page.reproduction} />}
      <Facts title="Metrics" rows={pairs(run.metrics)} numeric />
      <Facts title="Parameters" rows={pairs(run.params)} />
      <Tags table={table} run={run} />
      <Facts title="Run" rows={facts} />
      {page !== null && <Files files={page.files} />}
    </section>
  );
}

/** Read the rest of a run, and again once it has ended or was made again. */
function usePage(table: RunTable, run: IRun): IPage | null {
  const [page, setPage] = React.useState<IPage | null>(null);
  React.useEffect(() => {
    let here = true;
    table.api.get<IPage>('runs/show', { path: table.path, run: run.run_id }).then(
      answer => here && setPage(answer),
      () => here && setPage(null) // deleted meanwhile: the table says so
    );
    return () => {
      here = false;
    };
  }, [table, run.run_id, run.status, run.reproduced]);
  return page;
}

function Files({ files }: { files: readonly string[] }): React.ReactElement {
  return (
    <section className="mlops-Facts mlops-Files">
      <h3>Files</h3>
      {files.length === 0 ? (
        <p className="mlops-Facts-none">none logged</p>
      ) : (
        <ul>
          {files.map(file => (
            <li key={file}>{file}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Action({ label, onClick }: { label: string; onClick: () => void }): React.ReactElement {
  return (
    <button type="button" className="jp-mod-styled mlops-Button" onClick={onClick}>
      {label}
    </button>
  );
}

function Latest({ table, task, name }: { table: RunTable; task: ITask; name: string }): React.ReactElement {
  const stop = (): void => void table.act('tasks/stop', { id: task.id });
  return (
    <TaskLine task={task} name={name} onStop={stop}>
      {task.verb === 'reproduce' && <Verdict found={task.answer as IReproduction} />}
    </TaskLine>
  );
}

function Tags({ table, run }: { table: RunTable; run: IRun }): React.ReactElement {
  const [text, setText] = React.useState('');
  const tags = Object.entries(run.tags);
  const add = async (event: React.FormEvent): Promise<void> => {
    event.preventDefault();
    const [key = '', ...rest] = text.split('=');
    const done = await table.act('runs/tag', {
      runs: [run.run_id],
      tags: { [key.trim()]: rest.join('=').trim() || 'true' }
    });
    setText(done ? '' : text);
  };
  return (
    <section className="mlops-Facts mlops-Tags">
      <h3>Tags</h3>
      <ul>
        {tags.map(([key, value]) => (
          <li key={key}>
            <span>
              {key}={value}
            </span>
            <button
              type="button"
              aria-label={`Remove the tag ${key}`}
              onClick={() => void table.act('runs/tag', { runs: [run.run_id], tags: { [key]: null } })}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <form onSubmit={event => void add(event)}>
        <input
          className="jp-mod-styled"
          aria-label="New tag, as team=blue"
          placeholder="team=blue"
          value={text}
          onChange={event => setText(event.target.value)}
        />
        <button type="submit" className="jp-mod-styled mlops-Button" disabled={text.trim() === ''}>
          Add tag
        </button>
      </form>
    </section>
  );
}

function pairs(values: Readonly<Record<string, number | string>>): [string, string][] {
  const ordered = Object.entries(values).sort(plainFirst);
  return ordered.map(([name, value]) => [name, figure(value)]);
}

/** The code that loads a run's model. */
export function loading(run: IRun): string {
  const called = run.name.replace(/[\r\n]+/g, ' ').trim();
  return [
    'import mlops_nb as mlops',
    '',
    `model = mlops.load_run_model("${run.run_id}")${called ? `  # ${called}` : ''}`
  ].join('\n');
}
