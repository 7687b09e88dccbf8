import type { Request, Task } from '../model/sample';
import { type MapsRow, parseMaps } from '../procfs/maps';

/** A page fault of the kernel itself, while it copies. */
const FAULT = 'handle_mm_fault';

/**
 * The requests, those with `bufferFile` whose worker is inside a page fault on their memory: what it waits for is the file that
 * is mapped there. `maps` = /proc/PID/maps, read only where there is one.
 */
export function withBufferFiles(
  requests: readonly Request[],
  tasks: readonly Task[],
  maps: string,
): readonly Request[] {
  const faulting = new Set(
    tasks.flatMap(({ tid, operation, kernelStack = [] }) =>
      operation !== undefined && kernelStack.some((frame) => frame.function === FAULT) ? [tid] : [],
    ),
  );
  if (faulting.size === 0) return requests;
  const { rows } = parseMaps(maps);
  return requests.map((request) => {
    const { state, worker, address } = request;
    if (state !== 'running' || worker === undefined || address === undefined || !faulting.has(worker))
      return request;
    const path = mappingAt(rows, BigInt(address), request.length ?? 1)?.path;
    return path?.startsWith('/') ? { ...request, bufferFile: path } : request;
  });
}

/** The one mapping all of a buffer lies in: of two, either may be what is waited for. */
function mappingAt(rows: readonly MapsRow[], start: bigint, length: number): MapsRow | undefined {
  const last = start + BigInt(Math.max(0, length - 1));
  return rows.find((row) => row.start <= start && last < row.end);
}
