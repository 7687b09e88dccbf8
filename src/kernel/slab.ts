import type { Blindness } from '../model/sample';
import type { SlabScan } from '../target/kernelMemory';
import type { Target } from '../target/target';
import type { RingContext, Tctx } from './contexts';
import type { Gathered } from './gather';
import { type MemoryMap, memoryMaps, PAGE } from './memoryMap';
import type { Leader } from './process';
import { MOST, type Reader, type Way } from './reader';
import { Structure } from './structure';
import { noSearch } from './trouble';

/** A search for requests that stand on no list, through all slabs of their kind. */
export interface SlabSearch {
  /** Called with the part that is done, 0 to 1. */
  readonly progress?: (fraction: number) => void;
}

export interface SlabFound {
  /** Requests of the rings that are neither free nor on a list. */
  readonly requests: readonly Structure[];
  readonly trouble?: Blindness;
}

/** A slab cache: how its objects lie. */
export interface Cache {
  readonly address: bigint;
  readonly objectSize: number;
  readonly slabSize: number;
}

/** The cache of requests (io_uring/io_uring.c). */
const CACHE = 'io_kiocb';
/** Slabs are aligned to their size, of 2^5 pages at most. */
const MOST_ORDER = 5;
const ORDER_SHIFT = 16;
/** Frames of one question: 1 GiB; searching it takes some 40 ms. */
const AT_ONCE = 262_144;
const LIMIT = 4 << 20;
const DEADLINE = 5000;

/** Finds what only a driver or a file system has a pointer to. Reads the descriptions of all memory: 0.1 to 1 s. */
export async function searchSlabs(
  reader: Reader,
  target: Target,
  leader: Leader,
  rings: readonly RingContext[],
  { gathered, tctxs }: { readonly gathered: Gathered; readonly tctxs: readonly Tctx[] },
  { progress }: SlabSearch,
): Promise<SlabFound> {
  const { needed, optional, sizes } = reader.layout;
  const { slabCache } = optional;
  if (slabCache === undefined || gathered.free.size === 0)
    return {
      requests: [],
      trouble: noSearch('its free requests cannot be told from the others before 5.16'),
    };
  const [map, cache] = await cacheOfRequests(reader, target, leader, rings, gathered);
  if (map === undefined || cache === undefined)
    return { requests: [], trouble: noSearch('the kernel does not tell where its memory is') };
  const found = await scanSlabs(reader, map, cache, {
    matchOffset: needed.requestRing[0],
    matches: rings.map(({ ring }) => ring.address),
    length: sizes.request,
    progress,
  });
  // What was freed with a ring that has gone may name this one: its memory has been used again.
  const submitter = optional.requestTctx ?? optional.requestTask;
  const submitters = new Set(tctxs.flatMap(({ owner }) => [owner.tctx, owner.task]));
  const unlisted = found.filter(
    (request) =>
      submitters.has(request.pointer(submitter)) &&
      !gathered.requests.has(request.address) &&
      ![...gathered.free.values()].some((free) => free.has(request.address)),
  );
  return { requests: await alive(reader, unlisted) };
}

/** Which objects of a cache are looked for: those that have one of `matches` at `matchOffset`. */
export interface Wanted {
  readonly matchOffset: number;
  readonly matches: readonly bigint[];
  /** Bytes of each that are read. */
  readonly length: number;
  readonly progress: SlabSearch['progress'];
}

/** Objects of a cache, free ones too, throughout all memory. */
export async function scanSlabs(
  reader: Reader,
  map: MemoryMap,
  cache: Cache,
  { matchOffset, matches, length, progress }: Wanted,
): Promise<Structure[]> {
  const { slabCache } = reader.layout.optional;
  if (slabCache === undefined) return [];
  const found: Structure[] = [];
  for (let first = 0; first < map.frames; first += AT_ONCE) {
    const stretches = matches.map(
      (match): SlabScan => ({
        pages: map.pages,
        pageSize: reader.layout.sizes.page,
        direct: map.direct,
        first,
        count: Math.min(AT_ONCE, map.frames - first),
        cache: cache.address,
        cacheOffset: slabCache[0],
        slabSize: cache.slabSize,
        objectSize: cache.objectSize,
        matchOffset,
        match,
        length,
        most: MOST,
      }),
    );
    const records = await reader.scan(stretches, { limit: LIMIT, deadline: DEADLINE });
    found.push(...records.map(({ address, data }) => new Structure(address, data)));
    progress?.(Math.min(1, (first + AT_ONCE) / map.frames));
  }
  return found;
}

/** Those that are the same when looked at again: what was freed meanwhile has begun to change. */
async function alive(reader: Reader, requests: readonly Structure[]): Promise<Structure[]> {
  const { needed, optional, sizes, opcodes } = reader.layout;
  const same = [needed.requestRing, needed.requestOpcode, needed.requestUserData, optional.requestFreeNode];
  const again = await reader.structures(
    requests.map(({ address }) => ({ address, length: sizes.request })),
    'requests on no list',
  );
  return requests.filter((request, index) => {
    const now = again[index];
    return (
      now !== undefined &&
      same.every((place) => request.raw(place) === now.raw(place)) &&
      request.number(needed.requestOpcode) < opcodes.length
    );
  });
}

/**
 * The cache of a request that is known, which other kinds of objects may share (seen on 6.1). Where none is, the one of
 * that name: all caches are in one list, and the process's own task leads into it, which also proves the map right.
 */
async function cacheOfRequests(
  reader: Reader,
  target: Target,
  leader: Leader,
  rings: readonly RingContext[],
  gathered: Gathered,
): Promise<readonly [MemoryMap | undefined, Cache | undefined]> {
  const [known] = [...gathered.requests.keys(), ...[...gathered.free.values()].flatMap((free) => [...free])];
  for (const map of await memoryMaps(reader, target, rings)) {
    const own = await cacheOf(reader, map, leader.task);
    if (own === undefined) continue;
    const cache = known === undefined ? undefined : await cacheOf(reader, map, known);
    return [map, cache ?? (await cacheNamed(reader, own.address, CACHE))];
  }
  return [undefined, undefined];
}

/** The cache in whose slab an object lies; undefined where the map is wrong. */
export async function cacheOf(reader: Reader, map: MemoryMap, object: bigint): Promise<Cache | undefined> {
  const { optional, sizes } = reader.layout;
  const { slabCache } = optional;
  const frame = (object - map.direct) / BigInt(PAGE);
  if (slabCache === undefined || frame < 0n || frame >= BigInt(map.frames)) return undefined;
  const firsts = Array.from(
    { length: MOST_ORDER + 1 },
    (_, order) => frame - (frame % (1n << BigInt(order))),
  );
  const slabs = await reader.structures(
    firsts.map((first) => ({ address: map.pages + first * BigInt(sizes.page), length: sizes.page })),
  );
  const candidates = slabs.map((slab) => slab?.pointer(slabCache) ?? 0n);
  const caches = await readCaches(
    reader,
    candidates.filter((address) => address !== 0n && address % 8n === 0n),
  );
  for (const [index, address] of candidates.entries()) {
    const cache = caches.find((known) => known.address === address);
    const start = map.direct + (firsts[index] ?? 0n) * BigInt(PAGE);
    if (
      cache &&
      object < start + BigInt(cache.slabSize) &&
      (object - start) % BigInt(cache.objectSize) === 0n
    )
      return cache;
  }
  return undefined;
}

async function readCaches(reader: Reader, addresses: readonly bigint[]): Promise<Cache[]> {
  const { cacheObjectSize, cacheOrder } = reader.layout.optional;
  if (cacheObjectSize === undefined || cacheOrder === undefined) return [];
  const length = Math.max(cacheObjectSize[0], cacheOrder[0]) + 4;
  const found = await reader.structures(addresses.map((address) => ({ address, length })));
  return found.flatMap((cache) => {
    if (cache === undefined) return [];
    const objectSize = cache.number(cacheObjectSize);
    const order = cache.number(cacheOrder) >>> ORDER_SHIFT;
    const slabSize = PAGE << Math.min(order, MOST_ORDER + 1);
    const fits = objectSize >= 8 && objectSize <= slabSize && order <= MOST_ORDER;
    return fits ? [{ address: cache.address, objectSize, slabSize }] : [];
  });
}

/** The cache of that name. */
async function cacheNamed(reader: Reader, from: bigint, name: string): Promise<Cache | undefined> {
  const named = (await cacheNames(reader, from)).find((cache) => cache.name === name);
  return named && (await readCaches(reader, [named.address]))[0];
}

/** The caches that objects of a kind may lie in: the one of its name, else all of its size, for a cache may serve several kinds. */
export async function cachesFor(reader: Reader, from: bigint, name: string, size: number): Promise<Cache[]> {
  const all = await cacheNames(reader, from);
  const own = all.filter((cache) => cache.name === name);
  const shared = all.filter((cache) => cache.name !== '' && !cache.name.startsWith('kmalloc-'));
  const caches = await readCaches(
    reader,
    (own.length > 0 ? own : shared).map(({ address }) => address),
  );
  const aligned = Math.ceil(size / CACHE_LINE) * CACHE_LINE;
  return own.length > 0 ? caches : caches.filter(({ objectSize }) => objectSize === aligned);
}

/** Objects of caches that share with others are aligned to this (SLAB_HWCACHE_ALIGN on x86 and most of arm64). */
const CACHE_LINE = 64;
/** Bytes of a name that are read. */
const LONGEST_NAME = 32;

/** Walks the list of all caches from one of them; its head, which is none, has no name that makes sense. */
async function cacheNames(
  reader: Reader,
  from: bigint,
): Promise<{ readonly address: bigint; readonly name: string }[]> {
  const { cacheList, cacheName } = reader.layout.optional;
  if (cacheList === undefined || cacheName === undefined) return [];
  const [records = []] = await reader.lists([
    {
      name: 'slab caches',
      head: from + BigInt(cacheList[0]),
      buckets: 1,
      stride: 0,
      next: 0,
      circular: true,
      node: cacheList[0],
      length: 0,
      most: MOST,
    },
  ]);
  const addresses = [from, ...records.map(({ address }) => address)];
  const texts = await reader.records(
    addresses.map(
      (address): Way => ({ from: address, steps: [cacheName[0]], last: 0, length: LONGEST_NAME }),
    ),
  );
  return addresses.map((address, index) => {
    const bytes = texts[index]?.data;
    const end = bytes?.indexOf(0) ?? -1;
    return { address, name: bytes?.toString('latin1', 0, end < 0 ? undefined : end) ?? '' };
  });
}
