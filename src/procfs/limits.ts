import { linesOf } from './lines';
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
  const limits = new Map<string, Limit>();
  let unreadable = 0;
  for (const line of linesOf(text)) {
    if (line === '' || line.startsWith('Limit  ')) {
      continue;
    }
    const name = line.slice(0, NAME_WIDTH).trimEnd();
    const [softText, hardText] = line.length > 256 ? [] : line.slice(NAME_WIDTH).trim().split(/ +/);
    const soft = amount(softText);
    const hard = amount(hardText);
    if (!name.startsWith('Max ') || soft === undefined || hard === undefined) {
      unreadable++;
    } else {
      limits.set(name, { soft, hard });
    }
  }
  return { limits, unreadable };
}

function amount(text: string | undefined): number | undefined {
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : decimal(text);
}
