import type { MemoryRange, MemoryResult } from '../probe/protocol';
import { ringExtent, sqeExtent } from '../ring/geometry';
import type { RingHeader } from '../ring/header';
import type { Target } from '../target/target';
import { type RingPlace, rangeOf, type Stretch } from './ringPlaces';

/** Bytes of a mapping from `at` on. */
interface Part {
  readonly at: number;
  readonly length: number;
}

/** A mapping as far as it was read: zeros stand for the rest, which nothing was ever written to. */
interface Mapping {
  readonly stretch: Stretch;
  readonly length: number;
  readonly parts: readonly Part[];
}

/** `before`: the header that said what to read; absent: it is at the start of `ring`. `header`: as it was after all. */
export type Bytes =
  | { readonly ring: Buffer; readonly sqes: Buffer; readonly header: Buffer; readonly before?: RingHeader }
  | MemoryResult;

/** Bytes of the widest SQE and CQE. */
const SQE = 128;
const CQE = 32;

/**
 * The parts of a large ring that say anything, then its header again. A queue in its first lap has been written up to
 * its tail; that it has not come round is told by its last entry.
 */
export async function readParts(
  target: Target,
  pid: number,
  place: RingPlace,
  header: RingHeader,
  headerBytes: number,
): Promise<Bytes> {
  const { ring, sqes } = place;
  if (!ring || !sqes) return { ok: false, errno: 'ENOENT' };
  const mappings = [ringMapping(ring, header), sqeMapping(sqes, header)] as const;
  const again = rangeOf(ring, headerBytes);
  const answer = await readMappings(target, pid, mappings, again);
  if (!('errno' in answer) || answer.errno !== 'EIO') return answer;
  // Through its descriptor a ring can be read from its start only.
  return readMappings(
    target,
    pid,
    mappings.map((mapping) => ({ ...mapping, parts: [{ at: 0, length: mapping.length }] })),
    again,
  );
}

function ringMapping(stretch: Stretch, header: RingHeader): Mapping {
  const { cqTail, cqEntries, layout } = header;
  const length = Math.min(stretch.length, ringExtent(header));
  const written = layout.cqes + (cqTail + 1) * CQE;
  // Behind them the last narrow CQE, the SQ array, or the rest of wide CQEs and then the array.
  const rest = layout.cqes + (cqEntries - 2) * (CQE / 2);
  return {
    stretch,
    length,
    parts: cqTail < cqEntries ? parts(length, [0, written], [rest, length]) : parts(length),
  };
}

function sqeMapping(stretch: Stretch, header: RingHeader): Mapping {
  const { sqTail, sqEntries } = header;
  const length = Math.min(stretch.length, sqeExtent(header));
  const narrow = sqEntries * (SQE / 2);
  const wide = sqEntries * SQE;
  if (sqTail >= sqEntries) return { stretch, length, parts: parts(length) };
  const ends = [narrow, wide].map((end): [number, number] => [end - SQE, end]);
  return { stretch, length, parts: parts(length, [0, (sqTail + 1) * SQE], ...ends) };
}

/** Stretches without what they have in common; none = everything. */
function parts(length: number, ...wanted: readonly (readonly [from: number, to: number])[]): Part[] {
  if (wanted.length === 0) return [{ at: 0, length }];
  const found: Part[] = [];
  let done = 0;
  for (const [from, to] of wanted) {
    const at = Math.max(from, done);
    const end = Math.min(to, length);
    if (end <= at) continue;
    found.push({ at, length: end - at });
    done = end;
  }
  return found;
}

async function readMappings(
  target: Target,
  pid: number,
  mappings: readonly Mapping[],
  again: MemoryRange,
): Promise<Bytes> {
  const ranges = mappings.flatMap(({ stretch, parts: wanted }) =>
    wanted.map(({ at, length }) =>
      at === 0 ? rangeOf(stretch, length) : { address: stretch.address + BigInt(at), length },
    ),
  );
  const limit = Math.max(...ranges.map(({ length }) => length));
  const results = await target.memory(pid, [...ranges, again], { limit });
  let next = 0;
  const buffers: Buffer[] = [];
  for (const { length, parts: wanted } of mappings) {
    const whole = wanted.length === 1 && wanted[0]?.length === length;
    let buffer: Buffer = Buffer.alloc(whole ? 0 : length);
    for (const { at } of wanted) {
      const result = results[next++];
      if (!result?.ok) return result ?? { ok: false, errno: 'EIO' };
      if (whole) buffer = result.data;
      else result.data.copy(buffer, at);
    }
    buffers.push(buffer);
  }
  const header = results[next];
  const [ring, sqes] = buffers;
  if (!header?.ok) return header ?? { ok: false, errno: 'EIO' };
  return ring && sqes ? { ring, sqes, header: header.data } : { ok: false, errno: 'EIO' };
}
