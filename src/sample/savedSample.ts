import { UserError } from '../model/errors';
import { type Sample, SCHEMA } from '../model/sample';
import { misshapen } from './savedShape';

/** The Sample as the JSON text that `parseSample` reads, one value a line where that helps a diff. */
export function serialize(sample: Sample): string {
  return `${JSON.stringify(sample, null, 1)}\n`;
}

/** Reads a saved Sample. Throws a UserError when the text is none, or is of a newer schema. */
export function parseSample(text: string): Sample {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'It does not parse.';
    throw notASample(`It is not JSON: ${why.slice(0, 200)}.`);
  }
  if (!isRecord(value)) throw notASample('It is JSON, but not an object.');
  const { schema } = value;
  if (typeof schema !== 'number') throw notASample('It has no number "schema".');
  if (schema > SCHEMA) {
    throw new UserError(
      'newer-sample',
      'This Sample cannot be opened.',
      `It was written in schema ${schema}; this version reads up to ${SCHEMA}.`,
      'Update io_uring Inspector and open it again.',
    );
  }
  for (const [key, type] of Object.entries(SHAPE)) {
    const field = value[key];
    const fits = type === 'array' ? Array.isArray(field) && field.every(isRecord) : matches(field, type);
    if (!fits) throw notASample(`Its field "${key}" is missing or of another kind.`);
  }
  checkRows(value);
  const wrong = misshapen(value);
  if (wrong !== undefined) throw notASample(`Its field "${wrong}" is missing or of another kind.`);
  return value as unknown as Sample;
}

const SHAPE: Readonly<Record<string, 'array' | 'object' | 'string'>> = {
  takenAt: 'string',
  host: 'object',
  rights: 'object',
  process: 'object',
  tasks: 'array',
  rings: 'array',
  requests: 'array',
  resources: 'array',
  findings: 'array',
  notVisible: 'array',
};

/** The fields of a row that the views use without looking, by list. */
const ROWS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  tasks: [
    ['tid', 'number'],
    ['name', 'string'],
    ['kind', 'string'],
    ['state', 'string'],
  ],
  rings: [
    ['id', 'number'],
    ['setup', 'array'],
  ],
  requests: [
    ['operation', 'string'],
    ['state', 'string'],
    ['certainty', 'string'],
    ['sources', 'array'],
  ],
  resources: [
    ['fd', 'number'],
    ['kind', 'string'],
  ],
  findings: [
    ['tag', 'string'],
    ['severity', 'string'],
    ['summary', 'string'],
    ['explanation', 'string'],
    ['remedy', 'string'],
    ['evidence', 'array'],
  ],
  notVisible: [
    ['what', 'string'],
    ['why', 'string'],
  ],
};

function checkRows(value: Record<string, unknown>): void {
  const process = value['process'];
  if (!isRecord(process) || typeof process['pid'] !== 'number' || !Array.isArray(process['command'])) {
    throw notASample('Its field "process" names no process.');
  }
  for (const [list, fields] of Object.entries(ROWS)) {
    const rows = value[list];
    if (!Array.isArray(rows)) continue;
    for (const [index, row] of rows.entries()) {
      for (const [field, type] of fields) {
        const content: unknown = isRecord(row) ? row[field] : undefined;
        if (!matches(content, type)) {
          throw notASample(`Row ${index} of "${list}" has no ${field} that can be used.`);
        }
      }
    }
  }
}

function matches(value: unknown, type: string): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isRecord(value);
  return typeof value === type;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function notASample(why: string): UserError {
  return new UserError(
    'not-a-sample',
    'This file is not a saved Sample.',
    why,
    'Choose a file written by "Save Sample" or by inspect-io-uring --save.',
  );
}
