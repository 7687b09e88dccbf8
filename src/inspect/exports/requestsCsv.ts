import type { Request, Sample } from '../../model/sample';
import { csvText, type Value } from './csv';

type Column = readonly [string, (request: Request) => Value];

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
  return csvText(COLUMNS, requests);
}
