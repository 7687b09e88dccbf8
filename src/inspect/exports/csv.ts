import { printable } from '../../model/printable';

export type Value = string | number | null | undefined;

/** Rows as CSV (RFC 4180), with the columns' names above. */
export function csvText<T>(
  columns: readonly (readonly [string, (row: T) => Value])[],
  rows: readonly T[],
): string {
  const lines = rows.map((row) => columns.map(([, value]) => field(value(row))).join(','));
  return [columns.map(([name]) => name).join(','), ...lines].map((line) => `${line}\r\n`).join('');
}

/** What a spreadsheet would take for a formula gets an apostrophe: paths and names are the target's. */
function field(value: Value): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = printable(value);
  const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
