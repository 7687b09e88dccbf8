import type { Request, RequestState, Ring } from '../model/sample';
import { type IoUringFdinfo, parseIoUringFdinfo } from '../procfs/ioUringFdinfo';
import type { MapsRow } from '../procfs/maps';
import { opcodeName, printedOpcode } from '../ring/opcodes';
import { sqeFlagNames } from '../ring/sqe';
import type { RegisteredNames } from './registeredFiles';
import { printedSlots } from './registeredSlots';
import type { RingDescriptor } from './ringInfo';

export interface RingsFound {
  readonly rings: readonly Ring[];
  readonly requests: readonly Request[];
  /** Opcodes of the armed polls by the ring's id, where fdinfo prints them. */
  readonly polls: ReadonlyMap<number, readonly string[]>;
  /** Names of registered files by the ring's id. */
  readonly registered: ReadonlyMap<number, RegisteredNames>;
}

export interface RingsAsked {
  readonly pid: number;
  readonly descriptors: readonly RingDescriptor[];
  /** The ring mappings of the process, where maps could be read. */
  readonly mappings: readonly MapsRow[];
  /** True from 5.17 on: before, every anonymous inode of the system has one number. */
  readonly ownInode: boolean;
  /** The kernel prints SqThread as its outermost PID namespace has it: no pid for a reader in another one. */
  readonly innerReader: boolean;
}

/**
 * Rings from the fdinfo of their descriptors and from mappings that no descriptor belongs to, with the requests
 * that fdinfo lists: prepared SQEs, armed polls, completions not reaped.
 */
export function findRings(asked: RingsAsked): RingsFound {
  const rings: Ring[] = [];
  const requests: Request[] = [];
  const known = new Map<number, number>();
  const polls = new Map<number, readonly string[]>();
  const registered = new Map<number, RegisteredNames>();
  for (const descriptor of asked.descriptors) {
    const { inode } = descriptor;
    const twin = inode !== undefined && asked.ownInode ? known.get(inode) : undefined;
    if (twin !== undefined) {
      addDuplicate(rings, twin, descriptor.fd);
      continue;
    }
    const id = rings.length + 1;
    if (inode !== undefined) known.set(inode, id);
    const info = descriptor.info === undefined ? undefined : parseIoUringFdinfo(descriptor.info);
    rings.push(ringFrom(id, descriptor.fd, inode, info, asked));
    if (!info) continue;
    requests.push(...listedRequests(id, info));
    if (info.files.length > 0)
      registered.set(id, new Map(info.files.map(({ index, name }) => [index, name])));
    if (info.body)
      polls.set(
        id,
        info.polls.map(({ opcode }) => opcodeName(opcode)),
      );
  }
  if (asked.ownInode) {
    for (const { inode } of asked.mappings) {
      if (known.has(inode)) continue;
      known.set(inode, rings.length + 1);
      rings.push(unreachable(rings.length + 1, inode, asked.pid));
    }
  }
  return { rings, requests, polls, registered };
}

function addDuplicate(rings: Ring[], id: number, fd: number): void {
  const ring = rings[id - 1];
  if (ring) rings[id - 1] = { ...ring, duplicates: [...(ring.duplicates ?? []), fd] };
}

/** A ring whose descriptor is closed: registered with IORING_REGISTER_RING_FDS, only its mapping is left. */
function unreachable(id: number, inode: number, owner: number): Ring {
  return { id, fd: null, owner, setup: [], inode, readable: false };
}

/** A Ring while it is put together. */
type Building = { -readonly [Field in keyof Ring]: Ring[Field] };

function ringFrom(
  id: number,
  fd: number,
  inode: number | undefined,
  info: IoUringFdinfo | undefined,
  asked: RingsAsked,
): Ring {
  const ring: Building = { id, fd, owner: asked.pid, setup: [], readable: info?.body ?? false };
  if (inode !== undefined) ring.inode = inode;
  if (!info?.body) return ring;
  const { sqThread, sqThreadCpu, sqTotalTime, sqWorkTime, userFiles, userBufs, counters } = info;
  if (sqThread === null || (sqThread !== undefined && !asked.innerReader)) ring.sqpollTid = sqThread;
  if (sqThread !== undefined && sqThread !== null) {
    ring.setup = ['SQPOLL'];
    if (sqThreadCpu !== undefined) ring.sqpollCpu = sqThreadCpu;
  }
  if (sqTotalTime !== undefined) ring.sqpollTotalTime = sqTotalTime;
  if (sqWorkTime !== undefined) ring.sqpollWorkTime = sqWorkTime;
  if (userFiles !== undefined) ring.registeredFiles = userFiles;
  if (userBufs !== undefined) ring.registeredBuffers = userBufs;
  if (counters) addCounters(ring, counters, info);
  return { ...ring, ...printedSlots(info) };
}

/**
 * The ring's counters. In flight = SQEs taken − CQEs posted − overflowed, in 32-bit arithmetic; a negative
 * figure means that requests posted more than one completion.
 */
function addCounters(
  ring: Building,
  counters: NonNullable<IoUringFdinfo['counters']>,
  info: IoUringFdinfo,
): void {
  const sqHead = counters.cachedSqHead ?? counters.sqHead;
  const cqTail = counters.cachedCqTail ?? counters.cqTail;
  const overflowed = info.overflow.length;
  const inFlight = (sqHead - cqTail - overflowed) | 0;
  ring.sqEntries = counters.sqMask + 1;
  ring.cqEntries = counters.cqMask + 1;
  ring.sqHead = sqHead;
  ring.sqTail = counters.sqTail;
  ring.cqHead = counters.cqHead;
  ring.cqTail = cqTail;
  ring.overflowed = overflowed;
  ring.inFlight = Math.max(inFlight, info.polls.length);
  if (inFlight < info.polls.length) {
    ring.skew = 'requests that post several completions make the counters understate what is in flight';
  }
}

/** Requests that fdinfo prints one by one. An armed poll comes with its opcode only. */
function listedRequests(ring: number, info: IoUringFdinfo): Request[] {
  const certain = { certainty: 'certain', sources: ['fdinfo'] } as const;
  const prepared = info.sqes.map(
    (sqe): Request => ({
      ring,
      operation: printedOpcode(sqe.opcode),
      ...(sqe.flags & FIXED_FILE ? { fd: null, fixedFile: sqe.fd } : { fd: sqe.fd }),
      ...(sqe.offset === undefined ? {} : { offset: Number(sqe.offset) }),
      ...(sqe.address === undefined ? {} : { address: sqe.address }),
      userData: hex(sqe.userData),
      flags: sqeFlagNames(sqe.flags),
      state: 'prepared',
      ...certain,
    }),
  );
  const polling = info.polls.map(
    (poll): Request => ({ ring, operation: opcodeName(poll.opcode), state: 'polling', ...certain }),
  );
  const finished = (
    cqe: { readonly userData: bigint; readonly result: number },
    state: RequestState,
  ): Request => ({
    ring,
    operation: 'UNKNOWN',
    userData: hex(cqe.userData),
    result: cqe.result,
    state,
    ...certain,
  });
  const completed = info.cqes.map((cqe) => finished(cqe, 'completed'));
  const overflowed = info.overflow.map((cqe) => finished(cqe, 'overflowed'));
  return [...prepared, ...polling, ...completed, ...overflowed];
}

/** IOSQE_FIXED_FILE: the fd is an index of the registered files. */
const FIXED_FILE = 1;

export function hex(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`;
}
