import type { MapsRow } from '../procfs/maps';
import { isBlank } from '../ring/geometry';
import { MAX_SQ_ENTRIES, type RingHeader, readHeader } from '../ring/header';
import { isPlausibleSqe } from '../ring/sqe';
import type { Target } from '../target/target';
import type { RingDescriptor, RingPlace, Stretch } from './ringPlaces';

/** Bounds of one search. Bytes, bytes, milliseconds. */
const MOST = 256 << 20;
const CHUNK = 1 << 20;
const PATIENCE = 400;
const PAGE = 4096;

/**
 * Finds rings that live in ordinary memory (NO_MMAP, 6.5): the header by fdinfo's counters, the SQEs by what stands
 * where the counters say that some must stand. Places that have their mapping are left as they are.
 */
export async function findInMemory(
  target: Target,
  pid: number,
  places: readonly RingPlace[],
  everyMapping: (() => readonly MapsRow[]) | undefined,
): Promise<RingPlace[]> {
  const missing = places.some(({ ring, hints }) => !ring && hints?.counters);
  if (!missing || !everyMapping || target.frozen) return [...places];
  const rows = everyMapping().filter(isCandidate);
  // A ring's memory is seldom among the largest.
  rows.sort((a, b) => Number(a.end - a.start - (b.end - b.start)));
  const search = new Search(target, pid, rows);
  const found: RingPlace[] = [];
  for (const place of places) {
    const counters = place.hints?.counters;
    found.push(
      place.ring || !counters ? place : { ...place, ...(await search.find(counters)), exact: false },
    );
  }
  return found;
}

/** Memory of the program's own: anonymous, shared or of huge pages, never a file's. */
function isCandidate({ perms, path }: MapsRow): boolean {
  if (!perms.startsWith('rw')) return false;
  if (path === undefined || path === '[heap]') return true;
  return path.startsWith('/dev/zero') || path.startsWith('/anon_hugepage') || path.startsWith('[anon');
}

type Counters = NonNullable<RingDescriptor['counters']>;

interface Block {
  readonly address: bigint;
  readonly bytes: Buffer;
  /** End of the mapping it is in. */
  readonly end: bigint;
}

class Search {
  private readonly until = performance.now() + PATIENCE;

  constructor(
    private readonly target: Target,
    private readonly pid: number,
    private readonly rows: readonly MapsRow[],
  ) {}

  async find(counters: Counters): Promise<{ ring: Stretch; sqes?: Stretch } | undefined> {
    for await (const { address, bytes, end } of this.blocks()) {
      for (let at = 0; at < bytes.length; at += PAGE) {
        const header = readHeader(bytes.subarray(at, at + PAGE));
        if (!header || !matches(header, counters)) continue;
        const ring = { address: address + BigInt(at), length: lengthTo(end, address + BigInt(at)) };
        const sqes = await this.findSqes(header, ring.address, await this.completions(header, ring.address));
        return { ring, ...(sqes ? { sqes } : {}) };
      }
    }
    return undefined;
  }

  /** liburing puts the SQEs right before the ring; other programs somewhere. */
  private async findSqes(
    header: RingHeader,
    ring: bigint,
    completions: Buffer,
  ): Promise<Stretch | undefined> {
    let likely: Stretch | undefined;
    for await (const { address, bytes, end } of this.blocks(ring)) {
      for (let at = 0; at < bytes.length; at += PAGE) {
        const start = address + BigInt(at);
        const length = lengthTo(end, start);
        if (start === ring || length < header.sqEntries * 64) continue;
        const fit = sqesFit(header, bytes.subarray(at), completions);
        if (fit === 'proven') return { address: start, length };
        if (fit === 'likely') likely ??= { address: start, length };
      }
    }
    return likely;
  }

  /** The first CQEs. Whatever their size, one in two of 16 bytes begins with a user_data. */
  private async completions({ layout }: RingHeader, ring: bigint): Promise<Buffer> {
    const address = ring + BigInt(layout.cqes);
    const [result] = await this.target.memory(this.pid, [{ address, length: PAGE }]);
    return result?.ok ? result.data : Buffer.alloc(0);
  }

  /** Every candidate's memory, that of the mapping at `near` first. */
  private async *blocks(near?: bigint): AsyncGenerator<Block> {
    let left = MOST;
    const isNear = ({ start, end }: MapsRow): boolean => near !== undefined && start <= near && near < end;
    const ordered = [...this.rows.filter(isNear), ...this.rows.filter((row) => !isNear(row))];
    for (const { start, end } of ordered) {
      for (let address = start; address < end && left > 0; address += BigInt(CHUNK)) {
        if (performance.now() > this.until) return;
        const length = Math.min(CHUNK, Number(end - address));
        const [result] = await this.target.memory(this.pid, [{ address, length }], { limit: CHUNK });
        left -= length;
        if (!result?.ok) break;
        yield { address, bytes: result.data, end };
      }
    }
  }
}

function lengthTo(end: bigint, start: bigint): number {
  return Math.min(Number(end - start), MAX_SQ_ENTRIES * 128);
}

function matches(header: RingHeader, counters: Counters): boolean {
  return (
    header.sqEntries === counters.sqMask + 1 &&
    header.cqEntries === counters.cqMask + 1 &&
    header.sqHead === counters.sqHead &&
    header.sqTail === counters.sqTail &&
    header.cqHead === counters.cqHead &&
    header.cqTail === counters.cqTail
  );
}

/**
 * likely: as far as they are in `bytes`, each used slot holds what could be an SQE, and in the first lap no other is
 * filled. proven: and a CQE bears the user_data of one of them.
 */
function sqesFit(
  { sqTail, sqEntries, cqTail }: RingHeader,
  bytes: Buffer,
  completions: Buffer,
): 'proven' | 'likely' | 'no' {
  const slots = Math.min(sqEntries, Math.floor(bytes.length / 64));
  const used = Math.min(sqTail, slots);
  if (used === 0 || isBlank(bytes, 0, 64)) return 'no';
  const userData = new Set<bigint>();
  let narrow = true;
  let wide = true;
  for (let slot = 0; slot < used; slot++) {
    const at = slot * 64;
    if (!isPlausibleSqe(bytes, at)) return 'no';
    if (isBlank(bytes, at, 64)) {
      narrow = false;
      if (slot % 2 === 0) wide = false;
    }
    userData.add(bytes.readBigUInt64LE(at + 32));
  }
  if (!narrow && !wide) return 'no';
  // Twice as many may be written where SQEs are wide.
  if (sqTail < sqEntries && !isBlank(bytes, Math.min(2 * used, slots) * 64, (slots - 2 * used) * 64))
    return 'no';
  for (let at = 0; at + 16 <= completions.length && at < cqTail * 16; at += 16) {
    if (userData.has(completions.readBigUInt64LE(at))) return 'proven';
  }
  return cqTail === 0 || sqTail >= sqEntries ? 'likely' : 'no';
}
