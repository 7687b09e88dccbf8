import type { BufferGroup } from '../model/registered';
import type { RingContext } from './contexts';
import type { Place } from './layout';
import type { Reader, Way } from './reader';
import type { Structure } from './structure';

/** Groups of all rings together, and nodes of the trees they stand in, that are looked at. */
const MOST = 1024;
/** Numbers of groups have 16 bits, and a node has 6 of them. */
const DEEPEST = 3;
/** Where a buffer ring has its tail: in place of the first buffer's last member (uapi, 5.19+). */
const TAIL = 14;
/** Groups below this number had an array of their own until 6.9. */
const FIRST_GROUPS = 64;
/** IOBL_BUF_RING (6.9+). */
const IS_RING = 1;

interface Held {
  readonly ring: bigint;
  readonly address: bigint;
}

/** The groups of provided buffers of rings, by the ring's address; none before 5.19. */
export async function readBufferGroups(
  reader: Reader,
  rings: readonly RingContext[],
): Promise<Map<bigint, BufferGroup[]>> {
  const { sizes, optional } = reader.layout;
  const { groupNumber, groupMask } = optional;
  if (!groupNumber || !groupMask || sizes.bufferGroup === 0) return new Map();
  const held = [...firstGroups(reader, rings), ...(await groupsInTrees(reader, rings))].slice(0, MOST);
  const [groups, tails] = await Promise.all([
    reader.structures(held.map(({ address }) => ({ address, length: sizes.bufferGroup }))),
    reader.records(held.map(({ address }) => tailOf(address, optional.groupRing))),
  ]);
  const found = new Map<bigint, BufferGroup[]>();
  for (const [index, { ring }] of held.entries()) {
    const group = groups[index];
    if (!group || !isInUse(reader, group)) continue;
    const known = found.get(ring) ?? [];
    known.push(groupFrom(reader, group, tails[index]?.data));
    found.set(ring, known);
  }
  for (const some of found.values()) some.sort((a, b) => a.id - b.id);
  return found;
}

function tailOf(group: bigint, place: Place | undefined): Way {
  return { from: group, steps: [place?.[0] ?? 0], last: TAIL, length: 2 };
}

/** Places of the array; most of them hold nothing. */
function firstGroups({ layout: { sizes, optional } }: Reader, rings: readonly RingContext[]): Held[] {
  return rings.flatMap(({ ring }) => {
    const array = ring.pointer(optional.ringFirstGroups);
    if (array === 0n) return [];
    return Array.from({ length: FIRST_GROUPS }, (_, index) => ({
      ring: ring.address,
      address: array + BigInt(index * sizes.bufferGroup),
    }));
  });
}

/** The entries of the xarrays, node by node from the top. */
async function groupsInTrees(reader: Reader, rings: readonly RingContext[]): Promise<Held[]> {
  const { ringGroups, treeSlots } = reader.layout.optional;
  if (!ringGroups || !treeSlots) return [];
  const [start, size] = treeSlots;
  let entries = rings.map(({ ring }): Held => ({ ring: ring.address, address: ring.pointer(ringGroups) }));
  const found: Held[] = [];
  for (let depth = 0; depth <= DEEPEST && entries.length > 0; depth++) {
    found.push(...entries.filter(({ address }) => address !== 0n && (address & 3n) === 0n));
    const nodes = entries.filter(({ address }) => isNode(address)).slice(0, MOST);
    const below = await reader.structures(
      nodes.map(({ address }) => ({ address: address - NODE, start, length: size })),
    );
    entries = nodes.flatMap(({ ring }, which) =>
      Array.from({ length: size / 8 }, (_, slot) => ({
        ring,
        address: below[which]?.pointer([start + slot * 8, 8]) ?? 0n,
      })),
    );
  }
  return found;
}

/** An xarray marks addresses of its nodes so; what is smaller is a mark of its own (include/linux/xarray.h). */
const NODE = 2n;
const LEAST_NODE = 4096n;

function isNode(entry: bigint): boolean {
  return (entry & 3n) === NODE && entry > LEAST_NODE;
}

/** A place of the array that holds nothing is all zeros, or an empty list. */
function isInUse({ layout: { optional } }: Reader, group: Structure): boolean {
  const first = group.pointer(optional.groupRing && [0, 8]);
  return optional.ringFirstGroups === undefined || (first !== 0n && first !== group.address);
}

function groupFrom(
  { layout: { optional } }: Reader,
  group: Structure,
  tail: Buffer | undefined,
): BufferGroup {
  const id = group.number(optional.groupNumber);
  const isRing = optional.groupFlags
    ? (group.number(optional.groupFlags) & IS_RING) !== 0
    : group.number(optional.groupEntries) > 0;
  if (!isRing) {
    return { id, kind: 'list', ...(optional.groupCount ? { left: group.number(optional.groupCount) } : {}) };
  }
  const entries = group.number(optional.groupMask) + 1;
  const head = group.number(optional.groupHead);
  if (tail === undefined) return { id, kind: 'ring', entries, head };
  const provided = tail.readUInt16LE(0);
  return { id, kind: 'ring', entries, head, tail: provided, left: (provided - head) & 0xffff };
}
