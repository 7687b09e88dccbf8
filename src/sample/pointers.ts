import type { Operand } from '../model/sample';
import { pointersOf } from '../ring/describe';
import type { Pointer } from '../ring/operands/operation';
import type { PendingRow } from '../ring/reconstruct';
import type { Target } from '../target/target';
import { withFields } from './requests/withFields';

/** Rows whose pointers are followed, and bytes that are read for all of them, at most. */
const MAX_ROWS = 1024;
const MAX_BYTES = 4 << 20;

/** Ends the name of an operand that was read from the program's memory after the request had been submitted. */
export const NOW = ', now';

interface Followed {
  readonly row: number;
  readonly pointer: Pointer;
}

/**
 * The rows with what stands behind their SQEs' pointers: paths, addresses, times, lengths. Of a submitted request it
 * is what stands there now, for the program may use that memory again: the operands' names end in NOW.
 */
export async function followPointers(
  target: Target,
  pid: number,
  rows: readonly PendingRow[],
): Promise<PendingRow[]> {
  const found = rows.map((): Operand[] => []);
  let wanted: Followed[] = rows
    .slice(0, MAX_ROWS)
    .flatMap((row, index) => pointersOf(row.sqe, target.arch).map((pointer) => ({ row: index, pointer })));
  let left = MAX_BYTES;
  while (wanted.length > 0) {
    const asked: Followed[] = [];
    for (const followed of wanted) {
      left -= followed.pointer.length;
      if (left >= 0) asked.push(followed);
    }
    wanted = await readRound(target, pid, asked, found);
  }
  return rows.map((row, index) => {
    const more = found[index] ?? [];
    if (more.length === 0) return row;
    const after = row.state === 'prepared' ? '' : NOW;
    const named = more.map(({ name, value }) => ({ name: name + after, value }));
    return withFields(row, { operands: [...(row.operands ?? []), ...named] });
  });
}

/** Reads what is asked into `found`; returns where it leads on. */
async function readRound(
  target: Target,
  pid: number,
  asked: readonly Followed[],
  found: readonly Operand[][],
): Promise<Followed[]> {
  if (asked.length === 0) return [];
  const ranges = asked.map(({ pointer: { address, length } }) => ({ address, length }));
  const limit = Math.max(...ranges.map(({ length }) => length));
  const results = await target.memory(pid, ranges, { limit });
  return asked.flatMap(({ row, pointer }, index) => {
    const result = results[index];
    if (!result?.ok) return [];
    found[row]?.push(...(pointer.read?.(result.data) ?? []));
    return (pointer.next?.(result.data) ?? [])
      .filter(({ address, length }) => address !== 0n && length > 0)
      .map((next) => ({ row, pointer: next }));
  });
}
