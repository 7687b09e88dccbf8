import { linesOf, readRows } from './lines';
import { decimal } from './numbers';

/** Infinity = unlimited. */
export interface Limit {
  readonly soft: number;
  readonly hard: number;
}

export interface Limits {
  /** By the kernel's own words: `Max processes`, `Max open files`, `Max locked memory`… */
  readonly limits: ReadonlyMap<string, Limit>;
  readonly unreadable: number;
}

/** The name fills the first 25 columns; a blank, then both limits and the unit follow. */
const NAME_WIDTH = 25;

/** /proc/PID/limits. */
export function parseLimits(text: string): Limits {
  const lines = linesOf(text);
  const { rows, unreadable } = readRows(lines, readRow, lines[0]?.startsWith('Limit ') ? 1 : 0);
  return { limits: new Map(rows), unreadable };
}

function readRow(line: string): [name: string, limit: Limit] | undefined {
  if (!line.startsWith('Max ') || line.length > 256) {
    return undefined;
  }
  const [softText, hardText] = line.slice(NAME_WIDTH).trim().split(/ +/);
  const soft = amount(softText);
  const hard = amount(hardText);
  return soft === undefined || hard === undefined
    ? undefined
    : [line.slice(0, NAME_WIDTH).trimEnd(), { soft, hard }];
}

function amount(text: string | undefined): number | undefined {
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : decimal(text);
}
