import React from 'react';

import type { IRun } from '../tokens';
import { columnOf, type IColumn, type ISort } from './columns';

const ROW = 28;
/** Rows drawn above and below what is seen, and by which steps the window moves. */
const SPARE = 6;
const STEP = 4;

interface IGridProps {
  runs: readonly IRun[];
  columns: readonly string[];
  sort: ISort;
  selected: ReadonlySet<string>;
  opened: string | null;
  onSort: (sort: ISort) => void;
  onSelect: (selected: ReadonlySet<string>) => void;
  onOpen: (run: IRun) => void;
  onStar: (run: IRun) => void;
}

/** The runs as a grid of which only the rows in sight are drawn. */
export function RunGrid(props: IGridProps): React.ReactElement {
  const { runs, sort, selected } = props;
  const columns = React.useMemo(
    () => props.columns.map(columnOf).filter((one): one is IColumn => one !== null),
    [props.columns]
  );
  const [view, setView] = React.useState({ first: 0, height: 600 });
  const [active, setActive] = React.useState(0);
  const box = React.useRef<HTMLDivElement>(null);
  const template = `28px 28px ${columns.map(one => one.width).join(' ')}`;

  const measure = React.useCallback((): void => {
    const node = box.current;
    if (node !== null) {
      const first = Math.floor(node.scrollTop / ROW / STEP) * STEP;
      const height = node.clientHeight;
      setView(before => (before.first === first && before.height === height ? before : { first, height }));
    }
  }, []);
  React.useLayoutEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box.current!);
    return () => observer.disconnect();
  }, [measure]);

  const from = Math.max(0, view.first - SPARE);
  const to = Math.min(runs.length, view.first + STEP + Math.ceil(view.height / ROW) + SPARE);
  // A row that leaves at one end comes in again at the other: its elements stay in the page.
  const pool = Math.ceil(view.height / ROW) + STEP + 2 * SPARE + 1;
  const at = Math.min(active, Math.max(0, runs.length - 1));

  const show = (index: number): void => {
    setActive(index);
    const node = box.current!;
    const top = index * ROW;
    if (top < node.scrollTop) {
      node.scrollTop = top;
    } else if (top + 2 * ROW > node.scrollTop + node.clientHeight) {
      node.scrollTop = top + 2 * ROW - node.clientHeight;
    }
  };
  const { onOpen, onSelect, onStar } = props;
  const toggle = React.useCallback(
    (run: IRun): void => {
      const now = new Set(selected);
      if (!now.delete(run.run_id)) {
        now.add(run.run_id);
      }
      onSelect(now);
    },
    [selected, onSelect]
  );
  const press = (event: React.KeyboardEvent): void => {
    const run = runs[at];
    if (event.target !== event.currentTarget || run === undefined) {
      return;
    }
    const page = Math.max(1, Math.floor(view.height / ROW) - 2);
    const last = runs.length - 1;
    const moves: Record<string, number> = {
      ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: last
    };
    const to = moves[event.key];
    if (to !== undefined) {
      show(Math.max(0, Math.min(last, to)));
    } else if (event.key === ' ') {
      toggle(run);
    } else if (event.key === 'Enter') {
      onOpen(run);
    } else if (event.key === 's') {
      onStar(run);
    } else {
      return;
    }
    event.preventDefault();
  };
  return (
    <div
      className="mlops-Grid"
      role="grid"
      aria-label="Runs. Space selects, Enter opens, S stars."
      aria-rowcount={runs.length + 1}
      aria-multiselectable
      aria-activedescendant={runs[at] && at >= from && at < to ? rowId(runs[at].run_id) : undefined}
      tabIndex={0}
      ref={box}
      onScroll={measure}
      onKeyDown={press}
    >
      <Head columns={columns} template={template} sort={sort} onSort={props.onSort} />
      <div role="rowgroup" className="mlops-Grid-body" style={{ height: runs.length * ROW }}>
        {runs.slice(from, to).map((run, index) => (
          <Row
            key={(from + index) % pool}
            run={run}
            index={from + index}
            columns={columns}
            template={template}
            selected={selected.has(run.run_id)}
            opened={props.opened === run.run_id}
            active={from + index === at}
            onToggle={toggle}
            onOpen={onOpen}
            onStar={onStar}
            onActive={setActive}
          />
        ))}
      </div>
    </div>
  );
}

function rowId(run: string): string {
  return `mlops-row-${run}`;
}

interface IHeadProps {
  columns: readonly IColumn[];
  template: string;
  sort: ISort;
  onSort: (sort: ISort) => void;
}

function Head({ columns, template, sort, onSort }: IHeadProps): React.ReactElement {
  return (
    <div role="rowgroup" className="mlops-Grid-head">
      <div role="row" aria-rowindex={1} className="mlops-Grid-row" style={{ gridTemplateColumns: template }}>
        <span role="gridcell" />
        <span role="gridcell" />
        {columns.map(one => {
          const here = sort.column === one.id;
          const way = sort.descending ? 'descending' : 'ascending';
          return (
            <span
              key={one.id}
              role="columnheader"
              aria-sort={here ? way : 'none'}
              className={one.numeric ? 'mlops-mod-number' : ''}
            >
              <button
                type="button"
                title={one.id}
                onClick={() =>
                  onSort({ column: one.id, descending: here ? !sort.descending : one.numeric })
                }
              >
                {one.label}
                <span aria-hidden>{here ? (sort.descending ? ' ↓' : ' ↑') : ''}</span>
              </button>
            </span>
          );
        })}
      </div>
    </div>
  );
}

interface IRowProps {
  run: IRun;
  index: number;
  columns: readonly IColumn[];
  template: string;
  selected: boolean;
  opened: boolean;
  active: boolean;
  onToggle: (run: IRun) => void;
  onOpen: (run: IRun) => void;
  onStar: (run: IRun) => void;
  onActive: (index: number) => void;
}

const Row = React.memo(function Row(props: IRowProps): React.ReactElement {
  const { run, index, template } = props;
  const now = new Date();
  const name = run.name || run.run_id.slice(0, 8);
  return (
    <div
      role="row"
      id={rowId(run.run_id)}
      aria-rowindex={index + 2}
      aria-selected={props.selected}
      className="mlops-Grid-row"
      data-active={props.active}
      data-opened={props.opened}
      style={{ gridTemplateColumns: template, transform: `translateY(${index * ROW}px)` }}
      onClick={() => {
        props.onActive(index);
        props.onOpen(run);
      }}
    >
      <span role="gridcell">
        <input
          type="checkbox"
          tabIndex={-1}
          aria-label={`Select ${name}`}
          checked={props.selected}
          onChange={() => props.onToggle(run)}
          onClick={event => event.stopPropagation()}
        />
      </span>
      <span role="gridcell">
        <button
          type="button"
          tabIndex={-1}
          className="mlops-Star"
          aria-pressed={run.starred}
          aria-label={`Star ${name}`}
          onClick={event => {
            event.stopPropagation();
            props.onStar(run);
          }}
        >
          {run.starred ? '★' : '☆'}
        </button>
      </span>
      {props.columns.map(one => {
        const text = one.id === 'name' ? name : one.text(run, now);
        return (
          <span
            key={one.id}
            role="gridcell"
            title={one.numeric ? undefined : text}
            className={one.numeric ? 'mlops-mod-number' : ''}
            data-status={one.id === 'status' ? text : undefined}
          >
            {text}
          </span>
        );
      })}
    </div>
  );
});
