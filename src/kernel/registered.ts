import {
  type BufferGroup,
  LISTED_SLOTS,
  type RegisteredBuffer,
  type RegisteredFile,
} from '../model/registered';
import { readBufferGroups } from './bufferGroups';
import type { RingContext } from './contexts';
import type { Place } from './layout';
import type { FileTable } from './process';
import type { Reader, Way } from './reader';
import { Structure } from './structure';

/** What a ring has registered, as far as it is listed; see LISTED_SLOTS. */
export interface Registered {
  /** Slots in use; absent where the ring has no table, or that could not be read. */
  readonly files?: readonly RegisteredFile[];
  readonly buffers?: readonly RegisteredBuffer[];
  readonly groups: readonly BufferGroup[];
}

/** Slots of all rings together that are looked into at one walk; tables that would be more are left out. */
const MOST = 4096;
/** Low bits of a registered file's word are flags. */
const FILE_FLAGS = 7n;
/** Bytes of a file's name that are read: NAME_MAX and its end. */
const NAME = 256;

/** A word of a table: the address of what is in a slot. */
interface Slot {
  readonly ring: bigint;
  readonly index: number;
  readonly word: bigint;
}

/** What tells that a ring and its tables are still those that were looked at. */
const TABLES = [
  ...(['ringFiles', 'ringFileNodes', 'ringFixedFiles'] as const),
  ...(['ringBuffers', 'ringBufferNodes', 'ringFixedBuffers', 'ringGroups', 'ringFirstGroups'] as const),
] as const;

/**
 * Registered files and buffers of rings, by the ring's address. It is no part of what must stand still for the rows of
 * requests to be certain; a ring whose tables were replaced meanwhile is left out. Contents of buffers are never read.
 */
export async function readRegistered(
  reader: Reader,
  rings: readonly RingContext[],
  table: FileTable,
): Promise<Map<bigint, Registered>> {
  const { optional } = reader.layout;
  const stampOf = (ring: Structure) => JSON.stringify(TABLES.map((name) => ring.raw(optional[name])));
  const [files, buffers, groups] = await Promise.all([
    slotsOf(reader, rings, optional.ringFiles, optional.ringFileNodes ?? optional.ringFixedFiles).then(
      (slots) => readFiles(reader, slots, table),
    ),
    slotsOf(reader, rings, optional.ringBuffers, optional.ringBufferNodes ?? optional.ringFixedBuffers).then(
      (slots) => readBuffers(reader, slots),
    ),
    readBufferGroups(reader, rings),
  ]);
  const found = rings.filter(({ ring: { address } }) =>
    [files, buffers, groups].some((of) => of.has(address)),
  );
  const after = await reader.structures(
    found.map(({ ring: { address } }) => ({ address, length: reader.layout.sizes.ring })),
  );
  return new Map(
    found.flatMap(({ ring }, index): [bigint, Registered][] => {
      const again = after[index];
      if (!again || stampOf(again) !== stampOf(ring)) return [];
      const [ofFiles, ofBuffers] = [files.get(ring.address), buffers.get(ring.address)];
      return [
        [
          ring.address,
          {
            ...(ofFiles ? { files: ofFiles } : {}),
            ...(ofBuffers ? { buffers: ofBuffers } : {}),
            groups: groups.get(ring.address) ?? [],
          },
        ],
      ];
    }),
  );
}

/** The slots in use of all tables that could be read, and the rings these belong to. */
interface Slots {
  readonly rings: readonly bigint[];
  readonly slots: readonly Slot[];
}

/** Of the tables whose addresses stand at `at`. */
async function slotsOf(
  reader: Reader,
  rings: readonly RingContext[],
  count: Place | undefined,
  at: Place | undefined,
): Promise<Slots> {
  const wanted = rings.flatMap(({ ring }) => {
    const slots = Math.min(ring.number(count), LISTED_SLOTS);
    const address = ring.pointer(at);
    return slots > 0 && address !== 0n ? [{ ring: ring.address, address, slots }] : [];
  });
  let left = MOST;
  const asked = wanted.filter(({ slots }) => {
    const fits = slots <= left;
    if (fits) left -= slots;
    return fits;
  });
  const tables = await reader.structures(asked.map(({ address, slots }) => ({ address, length: slots * 8 })));
  const read = asked.flatMap((one, index) => {
    const table = tables[index];
    return table ? [{ ...one, table }] : [];
  });
  const slots = read.flatMap(({ ring, slots: length, table }) =>
    Array.from({ length }, (_, index) => ({ ring, index, word: table.pointer([index * 8, 8]) })),
  );
  return { rings: read.map(({ ring }) => ring), slots: slots.filter(({ word }) => word !== 0n) };
}

/** From 6.13 on a slot holds a node, and that what is registered. */
async function throughNodes(
  reader: Reader,
  slots: readonly Slot[],
  place: Place | undefined,
): Promise<Slot[]> {
  const nodes = await reader.structures(
    slots.map(({ word }) => ({ address: word, start: place?.[0] ?? 0, length: 8 })),
  );
  return slots.flatMap((slot, index) => {
    const word = nodes[index]?.pointer(place) ?? 0n;
    return word === 0n ? [] : [{ ...slot, word }];
  });
}

async function readFiles(
  reader: Reader,
  { rings, slots }: Slots,
  table: FileTable,
): Promise<Map<bigint, RegisteredFile[]>> {
  const { ringFileNodes, nodeFile } = reader.layout.optional;
  const words = ringFileNodes ? await throughNodes(reader, slots, nodeFile) : slots;
  const files = words.map((slot) => ({ ...slot, word: slot.word & ~FILE_FLAGS }));
  const named = files.filter(({ word }) => !table.descriptors.has(word));
  const names = await readNames(reader, [...new Set(named.map(({ word }) => word))]);
  return byRing(rings, files, ({ index, word }): RegisteredFile => {
    const fd = table.descriptors.get(word);
    return fd === undefined ? { index, direct: true, ...names.get(word) } : { index, fd };
  });
}

type Named = Pick<RegisteredFile, 'kind' | 'name'>;

/** What files are that the process has no descriptor of: their type, and the last part of their path. */
async function readNames(reader: Reader, files: readonly bigint[]): Promise<Map<bigint, Named>> {
  const { needed, optional } = reader.layout;
  const { inodeMode, fileDentry, dentryName } = optional;
  if (!inodeMode || !fileDentry || !dentryName) return new Map();
  const start = Math.min(inodeMode[0], needed.inodeNumber[0]);
  const end = Math.max(inodeMode[0] + inodeMode[1], needed.inodeNumber[0] + 8);
  const [inodes, names] = await Promise.all([
    reader.records(
      files.map((from): Way => ({ from, steps: [needed.fileInode[0]], last: start, length: end - start })),
    ),
    reader.records(
      files.map((from): Way => ({ from, steps: [fileDentry[0], dentryName[0]], last: 0, length: NAME })),
    ),
  ]);
  return new Map(
    files.map((file, index): [bigint, Named] => {
      const record = inodes[index];
      const bytes = names[index]?.data;
      if (!record) return [file, {}];
      const inode = new Structure(record.address - BigInt(start), record.data, start);
      const length = bytes?.indexOf(0) ?? -1;
      const text = bytes && length > 0 ? bytes.toString('utf8', 0, length) : '';
      return [file, namedBy(inode.number(inodeMode), inode.number(needed.inodeNumber), text)];
    }),
  );
}

/** S_IFMT of a mode, and the types it tells. */
const TYPE = 0xf000;
const KINDS: Readonly<Record<number, NonNullable<Named['kind']>>> = {
  [0x2000]: 'device',
  [0x4000]: 'directory',
  [0x6000]: 'device',
  [0x8000]: 'file',
};

/** As a link below /proc/PID/fd would have it; an anonymous inode has no type. */
function namedBy(mode: number, inode: number, name: string): Named {
  const type = mode & TYPE;
  if (type === 0xc000) return { kind: 'socket', name: `socket:[${inode}]` };
  if (type === 0x1000)
    return name === '' ? { kind: 'pipe', name: `pipe:[${inode}]` } : { kind: 'fifo', name };
  if (type === 0) return { name: `anon_inode:${name}` };
  const kind = KINDS[type];
  return { ...(kind ? { kind } : {}), ...(name === '' ? {} : { name }) };
}

async function readBuffers(
  reader: Reader,
  { rings, slots }: Slots,
): Promise<Map<bigint, RegisteredBuffer[]>> {
  const { sizes, optional } = reader.layout;
  const { ringBufferNodes, nodeBuffer, bufferAddress } = optional;
  if (!bufferAddress || sizes.buffer === 0) return new Map();
  const words = ringBufferNodes ? await throughNodes(reader, slots, nodeBuffer) : slots;
  const buffers = await reader.structures(
    words.map(({ word: address }) => ({ address, length: sizes.buffer })),
  );
  return byRing(rings, words, ({ index }, which) => {
    const buffer = buffers[which];
    return buffer && bufferFrom(reader, index, buffer);
  });
}

/** Up to 6.12 a free slot holds a buffer of no place. */
const NOWHERE = 0xffff_ffff_ffff_ffffn;
/** Of io_mapped_ubuf.flags (7.x): IO_REGBUF_F_KBUF. */
const KERNEL_OWNED = 1;
/** Shifts that a size of pinned memory can have: 4 kB to 16 GB. */
const SHIFTS = { least: 12, most: 34 };

function bufferFrom(
  { layout: { optional } }: Reader,
  index: number,
  buffer: Structure,
): RegisteredBuffer | undefined {
  const address = buffer.pointer(optional.bufferAddress);
  if (address === NOWHERE) return undefined;
  const kernelOwned =
    buffer.number(optional.bufferOfKernel) !== 0 ||
    (buffer.number(optional.bufferFlags) & KERNEL_OWNED) !== 0;
  const length = optional.bufferLength
    ? buffer.number(optional.bufferLength)
    : Number(BigInt.asUintN(64, buffer.pointer(optional.bufferEnd) - address));
  const shift = buffer.number(optional.bufferShift);
  return {
    index,
    ...(kernelOwned ? { kernelOwned } : { address: `0x${address.toString(16)}` }),
    length,
    ...(optional.bufferPieces ? { pieces: buffer.number(optional.bufferPieces) } : {}),
    ...(shift >= SHIFTS.least && shift <= SHIFTS.most ? { pieceSize: 2 ** shift } : {}),
    ...(buffer.number(optional.bufferHolders) > 1 ? { cloned: true } : {}),
  };
}

function byRing<T>(
  rings: readonly bigint[],
  slots: readonly Slot[],
  row: (slot: Slot, which: number) => T | undefined,
): Map<bigint, T[]> {
  const found = new Map<bigint, T[]>(rings.map((ring) => [ring, []]));
  for (const [which, slot] of slots.entries()) {
    const one = row(slot, which);
    if (one !== undefined) found.get(slot.ring)?.push(one);
  }
  return found;
}
