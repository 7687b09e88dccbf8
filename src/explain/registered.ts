import { printable } from '../model/printable';
import { LISTED_SLOTS } from '../model/registered';
import type {
  BufferGroup,
  Operand,
  RegisteredBuffer,
  RegisteredFile,
  Request,
  Resource,
  Ring,
  Sample,
} from '../model/sample';
import { NAME_LENGTH, openName } from './resourceLine';
import { indexOf } from './sampleIndex';
import { counted, grouped } from './words';

interface SlotsOfRing {
  readonly files: ReadonlyMap<number, RegisteredFile>;
  readonly buffers: ReadonlyMap<number, RegisteredBuffer>;
}

const known = new WeakMap<Sample, Map<number, SlotsOfRing>>();

/** By the ring's id, made once for each Sample: any of its requests may name a slot. */
function slotsOf(sample: Sample, ring: number | null): SlotsOfRing | undefined {
  let rings = known.get(sample);
  if (!rings) {
    rings = new Map(
      sample.rings.map(({ id, fileSlots = [], bufferSlots = [] }) => [
        id,
        {
          files: new Map(fileSlots.map((slot) => [slot.index, slot])),
          buffers: new Map(bufferSlots.map((slot) => [slot.index, slot])),
        },
      ]),
    );
    known.set(sample, rings);
  }
  return ring === null ? undefined : rings.get(ring);
}

/** The slot of a request that goes to a registered file. */
export function fileSlotOf(sample: Sample, { ring, fixedFile }: Request): RegisteredFile | undefined {
  return typeof fixedFile === 'number' ? slotsOf(sample, ring)?.files.get(fixedFile) : undefined;
}

const BUFFER = /^registered buffer (\d{1,5})$/;

/** The slot that an operand of a request names. */
export function bufferSlotOf(
  sample: Sample,
  { ring }: Request,
  { name, value }: Operand,
): RegisteredBuffer | undefined {
  const index = name === 'buffer' ? BUFFER.exec(value)?.[1] : undefined;
  return index === undefined ? undefined : slotsOf(sample, ring)?.buffers.get(Number(index));
}

/** An operand with what it names: "registered buffer 1 (8,192 bytes at 0x7f20…)", "7 (ring of 64, none left)". */
export function operandText(sample: Sample, request: Request, operand: Operand): string {
  const buffer = bufferSlotOf(sample, request, operand);
  if (buffer) return `${operand.value} (${bufferLine(buffer)})`;
  if (operand.name !== 'buffer group') return operand.value;
  const ring = sample.rings.find(({ id }) => id === request.ring);
  const group = ring?.bufferGroups?.find(({ id }) => String(id) === operand.value);
  return group ? `${operand.value} (${groupLine(group)})` : operand.value;
}

/** What is open in a slot, where the process has a descriptor of it or its name says which. */
export function openIn(sample: Sample, { fd, path, name }: RegisteredFile): Resource | undefined {
  const { resources, paths } = indexOf(sample);
  if (fd !== undefined) return resources.get(fd);
  if (path !== undefined) return paths.get(path);
  // Only a socket is one and the same behind one name; a pipe has two ends.
  return name?.startsWith('socket:[') ? sample.resources.find(({ link }) => link === name) : undefined;
}

/** "/mnt/data/db", "TCP 10.0.0.1:4711 → 10.0.0.2:80", "pipe fd 5", "socket:[42]"; nothing where nothing is known. */
export function slotName(sample: Sample, slot: RegisteredFile): string | undefined {
  const { fd, kind, path, name } = slot;
  if (path !== undefined) return printable(path, NAME_LENGTH);
  const open = openIn(sample, slot);
  if (open) return openName(open);
  if (name !== undefined && name !== '') return printable(name, NAME_LENGTH);
  return fd === undefined ? kind && printable(kind, 32) : `fd ${fd}`;
}

/** "/mnt/data/db · file · fd 5", "socket:[42] · socket · no descriptor". */
export function fileSlotLine(sample: Sample, slot: RegisteredFile): string {
  const { fd, direct, kind } = slot;
  const name = slotName(sample, slot);
  return [
    name ?? 'in use',
    kind !== undefined && !name?.startsWith(kind) ? printable(kind, 32) : '',
    fd === undefined ? '' : `fd ${fd}`,
    direct ? 'no descriptor' : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

/** "8,192 bytes at 0x7f20… · pinned as 2 pieces of up to 4,096 bytes · cloned". */
export function bufferLine({
  address,
  length,
  pieces,
  pieceSize,
  kernelOwned,
  cloned,
}: RegisteredBuffer): string {
  const size = pieceSize === undefined ? '' : ` of up to ${counted(pieceSize, 'byte')}`;
  return [
    `${counted(length, 'byte')}${address === undefined ? '' : ` at ${printable(address, 20)}`}`,
    kernelOwned ? 'memory of the kernel, lent by a driver' : '',
    pieces === undefined ? '' : `pinned as ${counted(pieces, 'piece')}${size}`,
    cloned ? 'cloned' : '',
  ]
    .filter(Boolean)
    .join(' · ');
}

/** "ring of 64, 3 left", "list". */
export function groupLine({ kind, entries, left }: BufferGroup): string {
  const what = kind === 'ring' && entries !== undefined ? `ring of ${grouped(entries)}` : printable(kind, 16);
  return left === undefined ? what : `${what}, ${left === 0 ? 'none' : grouped(left)} left`;
}

/** One of the two tables of a ring: how many slots, which of them are in use, and what is not listed. */
export interface SlotTable<Slot> {
  readonly count: number;
  /** Absent where no source lists them. */
  readonly slots: readonly Slot[] | undefined;
  /** "2 in use", "all in use of the first 1,024; 6 more slots are not listed". */
  readonly text: string;
}

/** Nothing where the ring has no such table. */
export function fileTable({ registeredFiles, fileSlots }: Ring): SlotTable<RegisteredFile> | undefined {
  return tableOf(registeredFiles, fileSlots);
}

export function bufferTable({
  registeredBuffers,
  bufferSlots,
}: Ring): SlotTable<RegisteredBuffer> | undefined {
  return tableOf(registeredBuffers, bufferSlots);
}

function tableOf<Slot>(count = 0, slots: readonly Slot[] | undefined): SlotTable<Slot> | undefined {
  if (count <= 0) return undefined;
  if (!slots) return { count, slots, text: 'not listed in this Sample' };
  const used = `${slots.length === 0 ? 'none' : slots.length === Math.min(count, LISTED_SLOTS) ? 'all' : grouped(slots.length)} in use`;
  const text =
    count <= LISTED_SLOTS
      ? used
      : `${used} of the first ${grouped(LISTED_SLOTS)}; ${grouped(count - LISTED_SLOTS)} more slots are not listed`;
  return { count, slots, text };
}
