import type { Blindness, WorkerAccount } from '../model/sample';
import type { Target } from '../target/target';
import { each, mapped, type Steps } from '../target/turns';
import { type RingContext, readContexts, readRings, readSharers, readTctxs, type Tctx } from './contexts';
import { keyOf, operationOf, rowFrom, type WalkedRequest } from './decode';
import { type FixedFiles, fileOf, type PathsOf, readFixedFiles, readPaths } from './files';
import { type FoundRequest, type Gathered, gather, INSIDE, NOTIFICATION } from './gather';
import { setupNames } from './names';
import { numberAtEnd, wayToNumber } from './numbering';
import type { OptionalPlace } from './places';
import { type FileTable, type Leader, readFileTable, readThreads } from './process';
import type { Reader } from './reader';
import { type SlabSearch, searchSlabs } from './slab';
import type { Structure } from './structure';
import { readTimers, type Timer } from './timers';
import type { WalkedPool, WalkedRing } from './walked';
import { readWorkQueues, type WorkQueue } from './workQueues';

export interface Pass {
  readonly rings: readonly Omit<WalkedRing, 'registered'>[];
  /** The same rings, and the descriptors of the process, to look into what they have registered. */
  readonly contexts: readonly RingContext[];
  readonly table: FileTable;
  readonly pools: readonly WalkedPool[];
  readonly consistent: boolean;
  readonly trouble: readonly Blindness[];
  /** What became of the process meanwhile. */
  readonly gone: Blindness | undefined;
}

/** Rings that are known only by requests of theirs. */
const MOST_UNKNOWN = 16;

/**
 * Goes once through everything the process has of io_uring. `fate` tells whether it is still there, once all is read. What does
 * not depend on each other is asked for in one turn: a host may be far away.
 */
export async function pass(
  reader: Reader,
  target: Target,
  leader: Leader,
  ringFds: readonly number[],
  fate: () => Promise<Blindness | undefined>,
  search?: SlabSearch,
): Promise<Pass> {
  const [own, table] = await Promise.all([
    readThreads(reader, leader).then((threads) => readTctxs(reader, threads)),
    readFileTable(reader, leader),
  ]);
  const reaching = readRings(reader, table, ringFds, own);
  const [rings, ofOwn, sharing] = await Promise.all([
    reaching,
    readWorkQueues(reader, own),
    reaching.then((found) => readSharing(reader, found, own)),
  ]);
  const see = async (of: readonly RingContext[], [sharers, queues]: Sharing): Promise<Seen> => {
    const places = { rings: of, tctxs: [...own, ...sharers], queues: [...ofOwn, ...queues] };
    return { ...places, gathered: await gather(reader, { ...places, pid: leader.pid }) };
  };
  let seen = await see(rings, sharing);
  if (seen.gathered.unknownRings.length > 0) {
    const more = await readContexts(reader, seen.gathered.unknownRings.slice(0, MOST_UNKNOWN));
    const all = [...rings, ...more.map((ring) => ({ ring, fds: [] }))];
    seen = await see(all, await readSharing(reader, all, own));
  }
  const inside = search ? await searchInside(reader, target, leader, seen, search) : undefined;
  if (inside) seen = { ...seen, gathered: inside.gathered };
  const described = await describe(reader, target, table, seen);
  const [still, gone] = await Promise.all([stoodStill(reader, seen), fate()]);
  const consistent = still && reader.broken.size === 0 && addsUp(reader, seen, described.found);
  const walked: Pass['rings'][number][] = [];
  for (const context of seen.rings) {
    const ring = await reader.inTurns(ringFrom(reader, target, context, seen, described, consistent));
    walked.push({ ...ring, ...(inside?.searched.has(context.ring.address) ? { searched: true } : {}) });
  }
  return {
    rings: walked,
    contexts: seen.rings,
    table,
    pools: seen.queues.filter(({ of }) => of.owner.tid !== 0).map((queue) => poolFrom(queue, seen.gathered)),
    consistent,
    trouble: inside?.trouble ?? [],
    gone,
  };
}

interface Inside {
  readonly gathered: Gathered;
  /** Addresses of rings of which all requests are found. */
  readonly searched: ReadonlySet<bigint>;
  readonly trouble: readonly Blindness[];
}

/** Adds what stands on no list of the rings whose lists do not explain all that is alive. */
async function searchInside(
  reader: Reader,
  target: Target,
  leader: Leader,
  seen: Seen,
  search: SlabSearch,
): Promise<Inside> {
  const { rings, gathered } = seen;
  const lists = await byRing(reader, gathered);
  const wanting = rings.filter(
    ({ ring }) => countIn(lists, ring) < (liveIn(reader, ring, gathered) ?? Infinity),
  );
  if (wanting.length === 0) return { gathered, searched: new Set(), trouble: [] };
  const found = await searchSlabs(reader, target, leader, wanting, seen, search);
  const counted = reader.layout.optional.ringAllocated !== undefined;
  const requests = new Map(gathered.requests);
  for (const request of found.requests) {
    const isNotification = operationOf(reader.layout, request) === 'NOP';
    const standing = isNotification ? NOTIFICATION : INSIDE;
    requests.set(request.address, { ...standing, request, ...(counted ? {} : { uncertain: true }) });
  }
  return {
    gathered: { ...gathered, requests },
    searched: new Set(found.trouble ? [] : wanting.map(({ ring }) => ring.address)),
    trouble: found.trouble ? [found.trouble] : [],
  };
}

interface Seen {
  readonly rings: readonly RingContext[];
  readonly tctxs: readonly Tctx[];
  readonly queues: readonly WorkQueue[];
  readonly gathered: Gathered;
}

type Sharing = readonly [readonly Tctx[], readonly WorkQueue[]];

/** What other tasks that use the rings have of io_uring. */
async function readSharing(
  reader: Reader,
  rings: readonly RingContext[],
  own: readonly Tctx[],
): Promise<Sharing> {
  const sharers = await readSharers(reader, rings, own);
  return [sharers, await readWorkQueues(reader, sharers)];
}

/** What the rows of requests are made of, once it is known whether they are certain. */
interface Described {
  readonly found: RequestsByRing;
  /** Addresses of requests that others wait behind. */
  readonly heads: ReadonlySet<bigint>;
  readonly timers: ReadonlyMap<bigint, Timer>;
  readonly paths: ReadonlyMap<bigint, PathsOf>;
  readonly table: FileTable;
  readonly fixed: FixedFiles;
  /** By the address of its task or of what that has of io_uring. */
  readonly tids: ReadonlyMap<bigint, number>;
  /** Tids of SQPOLL threads by ring. */
  readonly sqThreads: ReadonlyMap<bigint, number>;
}

type RequestsByRing = ReadonlyMap<bigint, readonly FoundRequest[]>;

async function describe(reader: Reader, target: Target, table: FileTable, seen: Seen): Promise<Described> {
  const found = [...seen.gathered.requests.values()];
  const [timers, fixed, paths, sqThreads] = await Promise.all([
    readTimers(reader, target, found),
    readFixedFiles(reader, seen.rings, found),
    readPaths(reader, found),
    readSqThreads(reader, seen.rings),
  ]);
  const tids = new Map(
    seen.tctxs.flatMap(({ owner }): [bigint, number][] => [
      [owner.task, owner.tid],
      [owner.tctx, owner.tid],
    ]),
  );
  const heads = new Set<bigint>();
  for (const { after } of found) if (after !== undefined) heads.add(after);
  return { found: await byRing(reader, seen.gathered), heads, timers, paths, table, fixed, tids, sqThreads };
}

function submitterOf({ layout: { optional } }: Reader, { request }: FoundRequest): bigint {
  return request.pointer(optional.requestTctx ?? optional.requestTask);
}

async function readSqThreads(reader: Reader, rings: readonly RingContext[]): Promise<Map<bigint, number>> {
  const { ringSqThread, sqThreadTask } = reader.layout.needed;
  const polled = rings.filter(({ ring }) => ring.pointer(ringSqThread) !== 0n);
  const tids = await reader.records(
    polled.map(({ ring }) => wayToNumber(reader, ring.address, [ringSqThread[0], sqThreadTask[0]])),
  );
  return new Map(
    polled.flatMap(({ ring }, index): [bigint, number][] => {
      const record = tids[index];
      return record ? [[ring.address, numberAtEnd(reader, record.data)]] : [];
    }),
  );
}

/** No ring may have more requests than it has allocated. */
function addsUp(reader: Reader, { rings, gathered }: Seen, found: RequestsByRing): boolean {
  return rings.every(({ ring }) => countIn(found, ring) <= (liveIn(reader, ring, gathered) ?? Infinity));
}

async function byRing(reader: Reader, { requests }: Gathered): Promise<RequestsByRing> {
  const { requestRing } = reader.layout.needed;
  const found = new Map<bigint, FoundRequest[]>();
  await reader.inTurns(
    each(requests.values(), (request) => {
      const ring = request.request.pointer(requestRing);
      const known = found.get(ring);
      if (known) known.push(request);
      else found.set(ring, [request]);
    }),
  );
  return found;
}

function countIn(found: RequestsByRing, { address }: Structure): number {
  return found.get(address)?.length ?? 0;
}

function liveIn({ layout }: Reader, ring: Structure, { free }: Gathered): number | undefined {
  const unused = free.get(ring.address);
  return unused === undefined || layout.optional.ringAllocated === undefined
    ? undefined
    : ring.number(layout.optional.ringAllocated) - unused.size;
}

/** What moves when a request comes, goes, or goes on. */
const MOVING = [
  'ringAllocated',
  'ringFree',
  'ringFinishing',
  'ringTimeouts',
  'ringLinkTimeouts',
  'ringDeferred',
  'ringWaitids',
  'ringFutexes',
  'ringCommands',
  'ringIopoll',
  'ringIopollCircle',
  'ringWork',
  'ringRetryWork',
  'ringFallbackWork',
  'ringWorkHead',
  'ringOverflow',
] as const satisfies readonly OptionalPlace[];

/** Reads again what moves. True when all of it is as it was. */
async function stoodStill(reader: Reader, { rings, tctxs, queues }: Seen): Promise<boolean> {
  const [again, after] = await Promise.all([
    readContexts(
      reader,
      rings.map(({ ring }) => ring.address),
    ),
    readWorkQueues(reader, tctxs),
  ]);
  const before = rings.map(({ ring }) => ring);
  return stampOf(reader, before, queues) === stampOf(reader, again, after);
}

function stampOf({ layout }: Reader, rings: readonly Structure[], queues: readonly WorkQueue[]): string {
  const { needed, optional } = layout;
  const places = [needed.ringSqHead, needed.ringCqTail, ...MOVING.map((name) => optional[name])];
  return JSON.stringify([
    rings.map((ring) => places.map((place) => ring.raw(place))),
    queues.map(({ accounts, workers }) => [
      accounts.map(({ ends }) => ends),
      workers.map(({ tid, current, next }) => `${tid} ${current} ${next}`),
    ]),
  ]);
}

function* ringFrom(
  reader: Reader,
  target: Target,
  { ring, fds, inode, registeredBy }: RingContext,
  { gathered }: Seen,
  described: Described,
  consistent: boolean,
): Steps<Pass['rings'][number]> {
  const { layout } = reader;
  const { needed, optional } = layout;
  const { timers, paths, tids, table, fixed, sqThreads } = described;
  const found = described.found.get(ring.address) ?? [];
  const requests = yield* mapped(
    found.filter(({ hidden }) => !hidden),
    (request) =>
      rowFrom(request, {
        layout,
        arch: target.arch,
        certain: consistent,
        heads: described.heads.has(request.request.address),
        timer: timers.get(request.request.address),
        paths: paths.get(request.request.address),
        submitter: tids.get(submitterOf(reader, request)),
        file: fileOf(layout, request, table, fixed),
      }),
  );
  const live = liveIn(reader, ring, gathered);
  const sqpollTid = sqThreads.get(ring.address);
  return {
    key: keyOf(ring.address),
    fds,
    ...(registeredBy === undefined ? {} : { registeredBy }),
    ...(inode === undefined ? {} : { inode }),
    setup: setupNames(ring.number(needed.ringFlags)),
    sqEntries: ring.number(needed.ringSqEntries),
    cqEntries: ring.number(needed.ringCqEntries),
    sqHead: ring.number(needed.ringSqHead),
    cqTail: ring.number(needed.ringCqTail),
    ...(sqpollTid === undefined ? {} : { sqpollTid }),
    registeredFiles: ring.number(optional.ringFiles),
    registeredBuffers: ring.number(optional.ringBuffers),
    ...(live === undefined ? {} : { live, unexplained: Math.max(0, live - found.length) }),
    found: found.length,
    requests: [...requests, ...overflowRows(ring, gathered, consistent)],
  };
}

function overflowRows(ring: Structure, gathered: Gathered, consistent: boolean): WalkedRequest[] {
  return gathered.overflowed
    .filter((cqe) => cqe.ring === ring.address)
    .map(({ userData, result }) => ({
      operation: 'UNKNOWN',
      userData: `0x${userData.toString(16)}`,
      result,
      state: 'overflowed',
      certainty: consistent ? 'certain' : 'inferred',
      sources: ['kernel walk'],
    }));
}

function poolFrom({ of, accounts }: WorkQueue, { queued }: Gathered): WalkedPool {
  const sum = (bounded: boolean): WorkerAccount => {
    const all = accounts.filter((account) => account.bounded === bounded);
    const add = (of: (account: (typeof all)[number]) => number): number =>
      all.reduce((total, account) => total + of(account), 0);
    return {
      workers: add(({ workers }) => workers),
      limit: add(({ limit }) => limit),
      queued: add((account) => queued.get(account) ?? 0),
    };
  };
  return { pid: of.owner.pid, tid: of.owner.tid, bounded: sum(true), unbounded: sum(false) };
}
