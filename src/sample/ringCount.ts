import { ringMappings } from '../procfs/maps';
import { HEADER_BYTES, readHeader, sqRingFlag } from '../ring/header';
import type { Target } from '../target/target';
import { textOf } from './text';

/** Bytes of /proc/PID/maps: about 30,000 mappings. */
const MAPS_LIMIT = 4 << 20;

/**
 * Requests in flight over all rings of each process, from the rings' own counters: no lock is taken, however large they are. Undefined
 * for a process whose memory does not tell: it may not be read, or a ring has no mapping.
 */
export async function countInFlight(
  target: Target,
  processes: readonly { readonly pid: number; readonly rings: number }[],
): Promise<(number | undefined)[]> {
  const maps = await target.read(
    processes.map(({ pid }) => `/proc/${pid}/maps`),
    { limit: MAPS_LIMIT },
  );
  return Promise.all(
    processes.map(({ pid, rings }, index) => count(target, pid, rings, textOf(maps[index]) ?? '')),
  );
}

async function count(target: Target, pid: number, rings: number, maps: string): Promise<number | undefined> {
  const starts = new Map<number, bigint>();
  for (const { offset, inode, start } of ringMappings(maps)) if (offset === 0n) starts.set(inode, start);
  // Before 5.17 all rings have one inode; a duplicate of a descriptor is no ring of its own.
  if (starts.size === 0 || starts.size !== rings) return undefined;
  const headers = await target.memory(
    pid,
    [...starts.values()].map((address) => ({ address, length: HEADER_BYTES })),
  );
  let sum = 0;
  for (const bytes of headers) {
    const header = bytes.ok ? readHeader(bytes.data) : undefined;
    // What has overflowed has ended, and fdinfo alone says how many.
    if (!header || header.sqFlags & sqRingFlag.cqOverflow) return undefined;
    sum += Math.max(0, (header.sqHead - header.cqTail) | 0);
  }
  return sum;
}
