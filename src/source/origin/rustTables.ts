import type { Code, ProgramFunction } from './code';
import { wordIn } from './processMemory';

/** Largest value and alignment behind a `dyn`. */
const LARGEST = 1 << 24;
const MOST_ALIGNMENT = 4096;

/** The first method of a `dyn`: behind what drops the value, its size and its alignment. */
export async function methodAt(code: Code, table: number): Promise<ProgramFunction | undefined> {
  const { memory } = code;
  if (table % 8 !== 0 || memory.isCode(table) || !(await memory.image(table))) return undefined;
  const data = await memory.bytes(table, 32);
  const [drop, size, alignment, method] = [0, 8, 16, 24].map((at) => data && wordIn(data, at));
  if (drop === undefined || size === undefined || alignment === undefined || !method) return undefined;
  const isAlignment = alignment > 0 && alignment <= MOST_ALIGNMENT && (alignment & (alignment - 1)) === 0;
  if (!isAlignment || size > LARGEST || size % alignment !== 0) return undefined;
  if (drop !== 0 && !(await code.startingAt(drop))) return undefined;
  return code.startingAt(method);
}
