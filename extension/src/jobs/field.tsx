import React from 'react';

import type { IField } from './wire';

interface IFieldProps {
  field: IField;
  value: string;
  onChange: (text: string) => void;
}

const INPUTS: Readonly<Record<string, string>> = {
  int: 'number',
  float: 'number',
  date: 'date',
  datetime: 'datetime-local'
};

/** One parameter, asked for by its kind and within its bounds. */
export function Field({ field, value, onChange }: IFieldProps): React.ReactElement {
  return (
    <label>
      <span>
        {field.name} <small>{field.kind}</small>
      </span>
      <Control field={field} value={value} onChange={onChange} />
      <small>{note(field)}</small>
    </label>
  );
}

function Control({ field, value, onChange }: IFieldProps): React.ReactElement {
  if (field.secret || field.filled) {
    return <input className="jp-mod-styled" disabled value={field.secret || 'filled in'} />;
  }
  const options = field.kind === 'bool' ? ['true', 'false'] : field.kind === 'list' ? [] : field.choices;
  if (options.length > 0) {
    return (
      <select className="jp-mod-styled" value={value} onChange={event => onChange(event.target.value)}>
        {(field.optional || !options.includes(value)) && <option value="">{field.optional ? 'none' : ''}</option>}
        {options.map(option => (
          <option key={option}>{option}</option>
        ))}
      </select>
    );
  }
  // What no input of its type could show (nan, a list of numbers) is shown as text.
  const type = typed(field, value) ? (INPUTS[field.kind] ?? 'text') : 'text';
  return (
    <input
      className="jp-mod-styled"
      type={type}
      step={field.kind === 'int' ? 1 : type === 'number' ? 'any' : undefined}
      min={field.minimum ?? undefined}
      max={field.maximum ?? undefined}
      placeholder={field.optional ? 'none' : field.source}
      value={value}
      onChange={event => onChange(event.target.value)}
    />
  );
}

function typed(field: IField, value: string): boolean {
  return INPUTS[field.kind] !== 'number' || value === '' || Number.isFinite(Number(value));
}

function note(field: IField): string {
  if (field.secret) {
    return 'a secret, read from the environment';
  }
  const bounds = [
    field.minimum === null ? '' : `at least ${field.minimum}`,
    field.maximum === null ? '' : `at most ${field.maximum}`,
    field.kind === 'list' && field.choices.length ? `of ${field.choices.join(', ')}` : '',
    field.source ? `default ${field.source}` : ''
  ];
  return bounds.filter(Boolean).join(', ');
}
