import { printable } from '../../model/printable';
import type { Request, Sample } from '../../model/sample';

type Column = readonly [string, (request: Request) => string | number | null | undefined];

const COLUMNS: readonly Column[] = [
  ['ring', ({ ring }) => ring],
  ['operation', ({ operation }) => operation],
  ['state', ({ state }) => state],
  ['stage', ({ stage }) => stage],
  ['age', ({ age }) => age],
  ['seen', ({ seen }) => seen],
  ['fd', ({ fd }) => fd],
  ['fixed_file', ({ fixedFile }) => fixedFile],
  ['path', ({ path }) => path],
  ['offset', ({ offset }) => offset],
  ['length', ({ length }) => length],
  ['user_data', ({ userData }) => userData],
  ['flags', ({ flags }) => flags?.join(' ')],
  ['worker', ({ worker }) => worker],
  ['submitter', ({ submitter }) => submitter],
  ['result', ({ result }) => result],
  ['timeout', ({ timeout }) => timeout],
  ['certainty', ({ certainty }) => certainty],
  ['sources', ({ sources }) => sources.join(' ')],
  ['origin', ({ origin }) => origin?.map((step) => step.function).join(' < ')],
  ['origin_file', ({ origin }) => origin?.find(({ file }) => file !== undefined)?.file],
  ['origin_line', ({ origin }) => origin?.find(({ file }) => file !== undefined)?.line],
];

/** The requests of a Sample as CSV (RFC 4180), a row each, with a row of names above. Seconds and bytes. */
export function requestsCsv({ requests }: Sample): string {
  const rows = requests.map((request) => COLUMNS.map(([, value]) => field(value(request))).join(','));
  return [COLUMNS.map(([name]) => name).join(','), ...rows].map((row) => `${row}\r\n`).join('');
}

/** What a spreadsheet would take for a formula gets an apostrophe: paths and names are the target's. */
function field(value: string | number | null | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return String(value);
  const text = printable(value);
  const safe = /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
