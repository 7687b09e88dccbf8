import type { Blindness } from '../model/sample';
import type { Target } from '../target/target';
import type { AioContext } from './aioContexts';
import { memoryMaps } from './memoryMap';
import type { FileTable, Leader } from './process';
import { MOST, type Reader } from './reader';
import { cacheOf, cachesFor, type SlabSearch, scanSlabs } from './slab';
import { Structure } from './structure';
import { noSearch } from './trouble';

/** A request of Linux AIO as the kernel has it: an aio_kiocb. */
export interface WalkedAioRequest {
  /** Where the program's own struct iocb stands. */
  readonly iocb: bigint;
  /** The iocb's aio_data. */
  readonly data: bigint;
  /** The descriptors that are its file, ascending. */
  readonly fds: readonly number[];
  /** Where in its file, as submitted. Means nothing for a poll. */
  readonly position: number;
  /** Armed for readiness: the kernel keeps a list of these alone. */
  readonly armed: boolean;
}

/** The cache of requests (fs/aio.c). */
const CACHE = 'aio_kiocb';

/** What can be cancelled, by context: polls (4.18+), and requests of USB gadgets. */
export async function readCancellable(
  reader: Reader,
  contexts: readonly AioContext[],
): Promise<Map<bigint, Structure[]>> {
  const { optional, sizes } = reader.layout;
  const { aioCancellable, aioRequestNode } = optional;
  if (!aioCancellable || !aioRequestNode) return new Map();
  const lists = await reader.lists(
    contexts.map(({ context }) => ({
      name: 'polls of Linux AIO',
      head: context.address + BigInt(aioCancellable[0]),
      buckets: 1,
      stride: 0,
      next: 0,
      circular: true,
      node: aioRequestNode[0],
      length: sizes.aioRequest,
      most: MOST,
    })),
  );
  return new Map(
    contexts.map(({ context }, index) => [
      context.address,
      (lists[index] ?? []).map(({ address, data }) => new Structure(address, data)),
    ]),
  );
}

/**
 * Requests that stand on no list, as all that a device or file system has: found in the slabs of their kind. What is free there
 * has a reference count of 0, save for submissions that failed: the caller's count of pending requests tells.
 */
export async function searchAio(
  reader: Reader,
  target: Target,
  { task }: Leader,
  contexts: readonly AioContext[],
  { progress }: SlabSearch,
): Promise<{ readonly found: Map<bigint, Structure[]>; readonly trouble?: Blindness }> {
  const { optional, sizes } = reader.layout;
  const { aioRequestContext, aioRequestCount, aioRequestFile } = optional;
  const found = new Map<bigint, Structure[]>();
  const wanted = contexts.filter(({ pending }) => pending !== 0);
  const awaited = wanted.reduce((sum, { pending = Number.POSITIVE_INFINITY }) => sum + pending, 0);
  if (!aioRequestContext || !aioRequestCount || !aioRequestFile || wanted.length === 0) return { found };
  for (const map of await memoryMaps(reader, target, [])) {
    const own = await cacheOf(reader, map, task);
    if (own === undefined) continue;
    for (const cache of await cachesFor(reader, own.address, CACHE, sizes.aioRequest)) {
      const objects = await scanSlabs(reader, map, cache, {
        matchOffset: aioRequestContext[0],
        matches: wanted.map(({ context }) => context.address),
        length: sizes.aioRequest,
        progress,
      });
      for (const object of objects) {
        const references = object.number(aioRequestCount);
        if (references < 1 || references > MOST_REFERENCES || object.pointer(aioRequestFile) < KERNEL)
          continue;
        const context = object.pointer(aioRequestContext);
        found.set(context, [...(found.get(context) ?? []), object]);
      }
      if (countOf(found) >= awaited) break;
    }
    return { found };
  }
  return { found, trouble: noSearch('the kernel does not tell where its memory is') };
}

function countOf(found: ReadonlyMap<bigint, readonly Structure[]>): number {
  return [...found.values()].reduce((sum, { length }) => sum + length, 0);
}

/** One for the submission under way, one for the completion. */
const MOST_REFERENCES = 2;
/** Addresses of the kernel are above this on all architectures of 64 bits. */
const KERNEL = 1n << 63n;

export function aioRequestFrom(
  { layout: { optional } }: Reader,
  request: Structure,
  table: FileTable,
  armed: boolean,
): WalkedAioRequest {
  const file = request.pointer(optional.aioRequestFile);
  const fds = table.descriptors.has(file) ? table.files.flatMap((one, fd) => (one === file ? [fd] : [])) : [];
  return {
    iocb: request.pointer(optional.aioRequestIocb),
    data: request.pointer(optional.aioRequestData),
    fds,
    position: Number(request.wide(optional.aioRequestPosition)),
    armed,
  };
}
