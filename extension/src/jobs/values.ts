import type { IField } from './wire';

/** Text of every field, by name. */
export type Values = Readonly<Record<string, string>>;

/** What a field holds before anybody types. */
export function initial(field: IField): string {
  return field.value ?? field.default ?? '';
}

/** What is handed over for one run: what differs from what would hold anyway. */
export function changed(fields: readonly IField[], values: Values): Values {
  return only(fields, values, initial);
}

/** What is written into the job's table: what differs from the notebook's own defaults. */
export function lasting(fields: readonly IField[], values: Values): Values {
  return only(fields, values, field => field.default ?? '');
}

function only(fields: readonly IField[], values: Values, usual: (field: IField) => string): Values {
  const found = fields
    .filter(field => !field.secret && !field.filled)
    .map(field => [field, values[field.name] ?? initial(field)] as const)
    .filter(([field, text]) => !same(field, text, usual(field)))
    .map(([field, text]) => [field.name, text === '' && field.optional ? 'none' : text] as const);
  return Object.fromEntries(found);
}

/** Whether two texts are one value: a number may be typed in many ways. */
function same(field: IField, text: string, other: string): boolean {
  const isNumber = field.kind === 'int' || field.kind === 'float';
  return text === other || (isNumber && text !== '' && other !== '' && Number(text) === Number(other));
}
