import type { Blindness } from '../model/sample';
import type { MemoryResult } from '../probe/protocol';
import type { MapsRow } from '../procfs/maps';
import { inferGeometry } from '../ring/geometry';
import { HEADER_BYTES, type RingHeader, readHeader, sqRingFlag } from '../ring/header';
import type { RingImage } from '../ring/image';
import { type Reconstruction, reconstructing } from '../ring/reconstruct';
import type { Target } from '../target/target';
import { inTurns } from '../target/turns';
import { MEMORY_OFF } from './blindness';
import { followPointers } from './pointers';
import { type Bytes, readParts } from './ringParts';
import {
  isUnmeasured,
  placesOf,
  type RingDescriptor,
  type RingPlace,
  rangeOf,
  type Stretch,
} from './ringPlaces';
import { findInMemory } from './ringSearch';

export type { RingDescriptor } from './ringPlaces';

export interface RingMemoryAsked {
  readonly pid: number;
  /** The rings' own mappings: `ringMappings` of /proc/PID/maps. */
  readonly mappings: readonly MapsRow[];
  readonly descriptors: readonly RingDescriptor[];
  /** True from 5.17 on: each ring has an inode of its own. */
  readonly ownInode: boolean;
  /** All mappings, asked for only where a ring has none: it may live in ordinary memory (NO_MMAP, 6.5). */
  readonly everyMapping?: () => readonly MapsRow[];
}

/** What the memory of one ring tells. */
export interface RingMemory extends Partial<Reconstruction> {
  /** Every descriptor of it; none where it was registered and closed. */
  readonly fds: readonly number[];
  readonly inode?: number;
  /** Absent where the memory could not be read. */
  readonly counters?: Omit<RingHeader, 'layout'>;
  /** Names of what its sizes and flags give away: SQE128, CQE32, NO_SQARRAY, NO_MMAP; of what was given, all. */
  readonly setup: readonly string[];
  /** IORING_SQ_ flags of its SQ: NEED_WAKEUP, CQ_OVERFLOW, TASKRUN. */
  readonly sqFlags?: readonly string[];
  readonly sqeSize?: 64 | 128;
  readonly cqeSize?: 16 | 32;
  /** Its counters moved while it was read: rows tell how it was before. */
  readonly moved?: boolean;
  readonly trouble?: Blindness;
}

/** Rings read at a time: so many, and their mappings together so long unless one alone is longer. Bytes. */
const AT_A_TIME = 128;
const MOST_AT_A_TIME = 32 << 20;

/** Rings whose two mappings are together not longer are read in one go. Bytes. */
const SMALL = 64 << 10;

/**
 * Every request that the memory of the process's rings still tells of. Needs the right to read the process's memory
 * (ptrace attach) and no other. Rejects only when the target is gone.
 */
export async function readRingMemory(target: Target, asked: RingMemoryAsked): Promise<RingMemory[]> {
  const places = placesOf(asked.descriptors, asked.mappings, asked.ownInode);
  const found = await findInMemory(target, asked.pid, places, asked.everyMapping);
  const rings: RingMemory[] = [];
  for (const few of portions(found)) {
    rings.push(...(await Promise.all(few.map((place) => readPlace(target, asked.pid, place)))));
  }
  return rings;
}

function* portions(places: readonly RingPlace[]): Generator<RingPlace[]> {
  let portion: RingPlace[] = [];
  let bytes = 0;
  for (const place of places) {
    const length = (place.ring?.length ?? 0) + (place.sqes?.length ?? 0);
    if (portion.length === AT_A_TIME || (portion.length > 0 && bytes + length > MOST_AT_A_TIME)) {
      yield portion;
      portion = [];
      bytes = 0;
    }
    portion.push(place);
    bytes += length;
  }
  if (portion.length > 0) yield portion;
}

type Read = { readonly image: RingImage } | { readonly why: string; readonly header?: RingHeader };

async function readPlace(target: Target, pid: number, place: RingPlace): Promise<RingMemory> {
  const { fds, inode, hints } = place;
  const whose = { fds, ...(inode === undefined ? {} : { inode }) };
  const read = await readImage(target, pid, place);
  if (!('image' in read)) {
    return {
      ...whose,
      setup: hints?.setup ?? [],
      ...(read.header ? countersOf(read.header) : {}),
      trouble: troubleOf(place, read.why),
    };
  }
  const { geometry, before, after } = read.image;
  const told = await inTurns(reconstructing(read.image, { arch: target.arch, ...hints }));
  const followed = await followPointers(target, pid, [...told.rows, ...told.prepared]);
  return {
    ...whose,
    ...told,
    rows: followed.slice(0, told.rows.length),
    prepared: followed.slice(told.rows.length),
    ...countersOf(before),
    setup: hints?.setup ?? [
      ...(geometry.sqeSize === 128 ? ['SQE128'] : []),
      ...(geometry.cqeSize === 32 ? ['CQE32'] : []),
      ...(place.exact ? [] : ['NO_MMAP']),
      ...(geometry.arrayAt === undefined ? ['NO_SQARRAY'] : []),
    ],
    sqeSize: geometry.sqeSize,
    cqeSize: geometry.cqeSize,
    moved: before.sqTail !== after.sqTail || before.sqHead !== after.sqHead || before.cqTail !== after.cqTail,
  };
}

function countersOf(header: RingHeader): Pick<RingMemory, 'counters' | 'sqFlags'> {
  const { layout: _, ...counters } = header;
  const names: string[] = [];
  if (header.sqFlags & sqRingFlag.needWakeup) names.push('NEED_WAKEUP');
  if (header.sqFlags & sqRingFlag.cqOverflow) names.push('CQ_OVERFLOW');
  if (header.sqFlags & sqRingFlag.taskRun) names.push('TASKRUN');
  return { counters, sqFlags: names };
}

/** The header, the rest and the header again, so that what moved meanwhile is known. */
async function readImage(target: Target, pid: number, place: RingPlace): Promise<Read> {
  const { ring, sqes, hints, exact } = place;
  if (!ring || !sqes) return { why: 'it is not mapped' };
  if (hints?.setup?.includes('SQ_REWIND')) {
    return { why: 'its SQ begins anew with every submission, so that no position tells what was submitted' };
  }
  const bytes =
    exact && !isUnmeasured(place) && ring.length + sqes.length <= SMALL
      ? await readWhole(target, pid, ring, sqes)
      : await readMeasured(target, pid, place, ring, sqes);
  if ('why' in bytes) return bytes;
  if ('ok' in bytes) return { why: refusal(bytes) };
  const before = bytes.before ?? readHeader(bytes.ring);
  const after = readHeader(bytes.header);
  if (!before) return { why: NO_HEADER };
  if (after?.sqEntries !== before.sqEntries || after.cqEntries !== before.cqEntries) {
    return { why: 'its header changed while it was read', header: before };
  }
  const geometry = inferGeometry(before, { ...bytes, exact }, hints?.setup);
  if (typeof geometry === 'string') return { why: geometry, header: before };
  return { image: { geometry, before, after, ring: bytes.ring, sqes: bytes.sqes, exact } };
}

async function readWhole(target: Target, pid: number, ring: Stretch, sqes: Stretch): Promise<Bytes> {
  const [head, entries, again] = await target.memory(
    pid,
    [rangeOf(ring, ring.length), rangeOf(sqes, sqes.length), rangeOf(ring, HEADER_BYTES)],
    { limit: Math.max(ring.length, sqes.length) },
  );
  if (!head?.ok) return head ?? NOTHING;
  if (!entries?.ok) return entries ?? NOTHING;
  if (!again?.ok) return again ?? NOTHING;
  return { ring: head.data, sqes: entries.data, header: again.data };
}

/** Where it is large, or its length is still to be learned, the header is read first. */
async function readMeasured(
  target: Target,
  pid: number,
  place: RingPlace,
  ring: Stretch,
  sqes: Stretch,
): Promise<Bytes | { readonly why: string }> {
  const [first] = await target.memory(pid, [rangeOf(ring, HEADER_BYTES)]);
  if (!first?.ok) return first ?? NOTHING;
  const header = readHeader(first.data);
  if (!header) return { why: NO_HEADER };
  if (!isUnmeasured(place))
    return { ...(await readParts(target, pid, place, header, HEADER_BYTES)), before: header };
  // Before 5.17 entries are narrow, and a mapping longer than the ring is refused.
  const array = Math.ceil((header.layout.cqes + header.cqEntries * 16) / 64) * 64;
  const length = array + header.sqEntries * 4;
  return readWhole(target, pid, { ...ring, length }, { ...sqes, length: header.sqEntries * 64 });
}

const NOTHING: MemoryResult = { ok: false, errno: 'EIO' };

const NO_HEADER =
  'its header makes no sense: the program has written over it, or the kernel lays it out in a new way';

function refusal(result: MemoryResult): string {
  const errno = result.ok ? 'EIO' : result.errno;
  if (errno === 'EACCES' || errno === 'EPERM') return `the process's memory may not be read (${errno})`;
  if (errno === 'EOPNOTSUPP') return MEMORY_OFF;
  if (errno === 'ETIMEDOUT') return 'its memory did not answer in time';
  // Only of rings that are read through their descriptors.
  if (errno === 'EXDEV')
    return 'the /proc that the inspector sees belongs to another PID namespace than the inspector';
  if (errno === 'EBUSY') return 'reads of the process’s memory hang already';
  return `its memory could not be read (${errno})`;
}

function troubleOf({ fds }: RingPlace, why: string): Blindness {
  const [fd] = fds;
  return {
    what: fd === undefined ? 'the memory of a ring without a descriptor' : `the memory of the ring ${fd}`,
    why,
    ...(why.includes('may not be read')
      ? {
          remedy: 'Run as root or, where kernel.yama.ptrace_scope is 0, as the user of the process.',
          missing: 'root',
        }
      : {}),
  };
}
