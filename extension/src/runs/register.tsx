import React from 'react';

import type { IRun } from '../tokens';
import type { RunTable } from './table';

interface IRegisterProps {
  table: RunTable;
  run: IRun;
  onDone: () => void;
}

const FIELDS = [
  ['name', 'Model', 'flights', true],
  ['reference', 'Training rows (file in the project)', 'data/train.parquet', true],
  ['holdout', 'Labelled rows it was not fitted on', 'data/later.parquet', true],
  ['label', 'Column of the truth', 'late', true],
  ['groups', 'Columns to tell the metrics apart by', 'carrier, origin', false],
  ['intended_use', 'What it is for', '', false]
] as const;

type Values = Record<(typeof FIELDS)[number][0], string>;

const EMPTY: Values = { name: '', reference: '', holdout: '', label: '', groups: '', intended_use: '' };

/** Asks for what makes a run's model a version with evidence. */
export function RegisterForm({ table, run, onDone }: IRegisterProps): React.ReactElement {
  const [values, setValues] = React.useState(EMPTY);
  const send = async (event: React.FormEvent): Promise<void> => {
    event.preventDefault();
    const groups = values.groups.split(',').map(name => name.trim()).filter(Boolean);
    if (await table.act('runs/register', { ...values, groups, run: run.run_id })) {
      onDone();
    }
  };
  return (
    <form className="mlops-Form" onSubmit={event => void send(event)}>
      {FIELDS.map(([key, label, example, required]) => (
        <label key={key}>
          <span>{label}</span>
          <input
            className="jp-mod-styled"
            required={required}
            placeholder={example}
            value={values[key]}
            onChange={event => setValues({ ...values, [key]: event.target.value })}
          />
        </label>
      ))}
      <button type="submit" className="jp-mod-styled mlops-Button">
        Register
      </button>
    </form>
  );
}
