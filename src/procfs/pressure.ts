import { decimal } from './numbers';

/** Microseconds since boot in which some, or all that were not idle, waited for the resource. */
export interface Pressure {
  readonly some: number;
  /** Absent where the kernel does not tell it: of the processor of old kernels. */
  readonly full?: number;
}

/** /proc/pressure/{io,memory,cpu} (4.20+, CONFIG_PSI). */
export function parsePressure(text: string): Pressure | undefined {
  const some = totalOf(text, 'some');
  if (some === undefined) return undefined;
  const full = totalOf(text, 'full');
  return { some, ...(full === undefined ? {} : { full }) };
}

function totalOf(text: string, row: 'some' | 'full'): number | undefined {
  const digits = new RegExp(`^${row} .*\\btotal=(\\d{1,15})$`, 'm').exec(text)?.[1];
  return digits === undefined ? undefined : decimal(digits);
}
