import { refreshIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { Problem } from '../notices';
import type { IRun } from '../tokens';
import { Chooser } from './chooser';
import { Compare } from './compare';
import { Deleted } from './deleted';
import { RunDetails } from './details';
import { RunGrid } from './grid';
import type { RunTable } from './table';

const MOST_COMPARED = 5;

interface IRunsTableProps {
  table: RunTable;
  onInsert: (code: string) => void;
}

/** The runs of the project: a table, one of them in detail, or several side by side. */
export function RunsTable({ table, onInsert }: IRunsTableProps): React.ReactElement {
  const [opened, setOpened] = React.useState<string | null>(null);
  const [compared, setCompared] = React.useState<readonly string[]>([]);
  const [bin, setBin] = React.useState(false);
  const star = React.useCallback(
    (run: IRun) => void table.act('runs/tag', { runs: [run.run_id], starred: !run.starred }),
    [table]
  );
  const select = React.useCallback(
    (selected: ReadonlySet<string>) => table.choose({ selected }),
    [table]
  );
  const open = React.useCallback((run: IRun) => setOpened(run.run_id), []);
  if (compared.length > 0) {
    return <Compare table={table} ids={compared} onBack={() => setCompared([])} />;
  }
  const run = opened === null ? null : table.run(opened);
  return (
    <>
      <Header table={table} />
      <Tools
        table={table}
        onCompare={() => setCompared([...table.selected])}
        bin={bin}
        onBin={() => setBin(!bin)}
      />
      {table.problem !== null && <Problem problem={table.problem} stale={table.runs.length > 0} />}
      {bin && <Deleted table={table} />}
      <div className="mlops-Split">
        {table.runs.length === 0 && table.read ? (
          <p className="mlops-None" role="status">
            {table.filter || table.onlyNotebook ? 'No run fits.' : 'No run yet.'}
          </p>
        ) : (
          <RunGrid
            runs={table.runs}
            columns={table.columns}
            sort={table.sort}
            selected={table.selected}
            opened={opened}
            onSort={sort => table.choose({ sort })}
            onSelect={select}
            onOpen={open}
            onStar={star}
          />
        )}
        {run !== null && (
          <RunDetails
            key={run.run_id}
            table={table}
            run={run}
            onInsert={onInsert}
            onClose={() => setOpened(null)}
          />
        )}
      </div>
    </>
  );
}

function Header({ table }: { table: RunTable }): React.ReactElement {
  const [text, setText] = React.useState(table.filter);
  const count = `${table.runs.length} ${table.runs.length === 1 ? 'run' : 'runs'}`;
  const chosen = table.selected.size > 0 ? `, ${table.selected.size} selected` : '';
  return (
    <div className="mlops-View-header">
      <h2>Runs of {table.project || '…'}</h2>
      <form
        role="search"
        onSubmit={event => {
          event.preventDefault();
          table.look({ filter: text });
        }}
      >
        <input
          type="search"
          className="jp-mod-styled mlops-Filter"
          aria-label="Filter, as metrics.auc > 0.8 and params.depth = 3. Enter applies it."
          placeholder="metrics.auc > 0.8 and (params.depth = 3 or status = 'FAILED')"
          value={text}
          onChange={event => setText(event.target.value)}
          onInput={event => event.currentTarget.value === '' && table.look({ filter: '' })}
        />
      </form>
      <label className="mlops-Check">
        <input
          type="checkbox"
          checked={table.onlyNotebook}
          disabled={table.notebook === ''}
          onChange={event => table.look({ onlyNotebook: event.target.checked })}
        />
        This notebook
      </label>
      <span className="mlops-Count" aria-live="polite">
        {count}
        {table.reading ? ' …' : ''}
        {chosen}
      </span>
      <button
        type="button"
        className="mlops-Icon jp-ToolbarButtonComponent"
        title="Read all runs anew"
        aria-label="Read all runs anew"
        onClick={() => table.begin()}
      >
        <refreshIcon.react tag="span" elementSize="normal" />
      </button>
    </div>
  );
}

interface IToolsProps {
  table: RunTable;
  bin: boolean;
  onCompare: () => void;
  onBin: () => void;
}

/** What is done to the selected runs, and which columns there are. */
function Tools({ table, bin, onCompare, onBin }: IToolsProps): React.ReactElement {
  const runs = [...table.selected];
  const comparable = runs.length >= 2 && runs.length <= MOST_COMPARED;
  return (
    <div className="mlops-Buttons mlops-Tools" role="toolbar" aria-label="Selected runs">
      <button
        type="button"
        className="jp-mod-styled mlops-Button"
        disabled={!comparable}
        title={`Select two to ${MOST_COMPARED} runs`}
        onClick={onCompare}
      >
        Compare
      </button>
      <button
        type="button"
        className="jp-mod-styled mlops-Button"
        disabled={runs.length === 0}
        onClick={() => void table.act('runs/tag', { runs, starred: true })}
      >
        Star
      </button>
      <button
        type="button"
        className="jp-mod-styled mlops-Button"
        disabled={runs.length === 0}
        title="They can be restored"
        onClick={() => void table.act('runs/delete', { runs })}
      >
        Delete
      </button>
      <button
        type="button"
        className="jp-mod-styled mlops-Button"
        aria-expanded={bin}
        onClick={onBin}
      >
        Deleted runs
      </button>
      <Chooser table={table} />
    </div>
  );
}
