import { refreshIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { EmptyState, Problem } from './notices';
import { RunItem } from './runItem';
import type { IRun, IRunsModel } from './tokens';

const MOST_RUNS = 1000;

/** The views in the main area, as the panel names them. */
const VIEWS = [
  ['Table', 'mlops:open-runs'],
  ['Jobs', 'mlops:open-jobs'],
  ['Models', 'mlops:open-models']
] as const;

interface IRunsViewProps {
  model: IRunsModel;
  onOpen: (command: string) => void;
}

/** Everything in the panel. */
export function RunsView({ model, onOpen }: IRunsViewProps): React.ReactElement {
  const [filter, setFilter] = React.useState('');
  const [opened, setOpened] = React.useState<string | null>(null);
  const { list, problem } = model;
  const runs = (list?.runs ?? []).filter(run => matches(run, filter));
  return (
    <>
      <Header model={model} />
      <div className="mlops-Buttons mlops-Shortcuts" role="toolbar" aria-label="Views">
        {VIEWS.map(([label, command]) => (
          <button
            key={command}
            type="button"
            className="jp-mod-styled mlops-Button"
            onClick={() => onOpen(command)}
          >
            {label}
          </button>
        ))}
      </div>
      {problem !== null && <Problem problem={problem} stale={list !== null} />}
      {list !== null && list.runs.length > 0 && (
        <div className="mlops-Runs-body" onKeyDown={moveFocus}>
          <input
            type="search"
            className="mlops-Runs-filter jp-mod-styled"
            placeholder="Filter, e.g. failed, depth=6"
            aria-label="Filter runs by name, status, parameter, metric or notebook"
            value={filter}
            onChange={event => setFilter(event.target.value)}
          />
          <p className="mlops-Runs-count" aria-live="polite">
            {countOf(runs.length, list.runs.length)}
          </p>
          <ul className="mlops-Runs-list" aria-label="Runs, newest first">
            {runs.map(run => (
              <RunItem
                key={run.run_id}
                run={run}
                open={opened === run.run_id}
                onToggle={() => setOpened(opened === run.run_id ? null : run.run_id)}
              />
            ))}
          </ul>
          {list.more && model.limit < MOST_RUNS && (
            <button
              type="button"
              className="mlops-Runs-more jp-mod-styled jp-mod-minimal"
              onClick={() => (model.limit = Math.min(MOST_RUNS, 2 * model.limit))}
            >
              Show older runs
            </button>
          )}
        </div>
      )}
      {list !== null && list.runs.length === 0 && problem === null && <EmptyState />}
      {list === null && problem === null && (
        <p className="mlops-Runs-count" role="status">
          Reading the runs …
        </p>
      )}
    </>
  );
}

function Header({ model }: { model: IRunsModel }): React.ReactElement {
  return (
    <header className="mlops-Runs-header">
      <div className="mlops-Runs-titles">
        <h2>MLOps runs</h2>
        {model.list !== null && (
          <span className="mlops-Runs-project" title={`Experiment ${model.list.project}`}>
            {model.list.project}
          </span>
        )}
      </div>
      <button
        type="button"
        className="mlops-Runs-refresh jp-ToolbarButtonComponent"
        title="Refresh"
        aria-label="Refresh runs"
        aria-busy={model.loading}
        onClick={() => void model.refresh()}
      >
        <refreshIcon.react tag="span" elementSize="normal" />
      </button>
    </header>
  );
}

function matches(run: IRun, filter: string): boolean {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const text = [
    run.name,
    run.status,
    run.job,
    run.notebook,
    run.run_id,
    run.uid,
    ...Object.entries(run.params).map(([name, value]) => `${name}=${value}`),
    ...Object.keys(run.metrics)
  ]
    .join('\n')
    .toLowerCase();
  return words.every(word => text.includes(word));
}

function countOf(shown: number, all: number): string {
  const runs = all === 1 ? '1 run' : `${all} runs`;
  return shown === all ? runs : `${shown} of ${runs}`;
}

/** Arrow keys go from the filter to the runs and from run to run; Home and End to the ends. */
function moveFocus(event: React.KeyboardEvent<HTMLElement>): void {
  const stops = [
    ...event.currentTarget.querySelectorAll<HTMLElement>('.mlops-Runs-filter, .mlops-Run-row')
  ];
  const at = stops.indexOf(event.target as HTMLElement);
  const ends = at > 0 ? { Home: 1, End: stops.length - 1 } : {};
  const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, ...ends };
  const to = moves[event.key];
  if (at < 0 || to === undefined) {
    return;
  }
  event.preventDefault();
  stops[to]?.focus();
}
