import React from 'react';

import { available, columnOf } from './columns';
import type { RunTable } from './table';

const LOOKED_AT = 1_000;

/** Which columns the table has; the choice is remembered. */
export function Chooser({ table }: { table: RunTable }): React.ReactElement {
  const [open, setOpen] = React.useState(false);
  const chosen = table.columns;
  // A column that was chosen stays on offer, whether a run here has it or not.
  const all = open ? [...new Set([...available(table.runs.slice(0, LOOKED_AT)), ...chosen])] : [];
  const toggle = (id: string): void => {
    const now = chosen.includes(id) ? chosen.filter(one => one !== id) : [...chosen, id];
    table.choose({ columns: now });
  };
  return (
    <div
      className="mlops-Chooser"
      onKeyDown={event => event.key === 'Escape' && setOpen(false)}
    >
      <button
        type="button"
        className="jp-mod-styled mlops-Button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        Columns
      </button>
      {open && (
        <fieldset className="mlops-Chooser-list">
          <legend>Columns</legend>
          {all.map(id => (
            <label key={id} className="mlops-Check">
              <input type="checkbox" checked={chosen.includes(id)} onChange={() => toggle(id)} />
              {id.includes('.') ? id : (columnOf(id)?.label ?? id)}
            </label>
          ))}
        </fieldset>
      )}
    </div>
  );
}
