import type { Registered } from '../kernel/registered';
import { LISTED_SLOTS } from '../model/registered';
import type { RegisteredBuffer, RegisteredFile, Resource, ResourceKind, Ring } from '../model/sample';
import { parseFdLink } from '../procfs/fdLink';
import type { IoUringFdinfo } from '../procfs/ioUringFdinfo';
import type { RegisteredNames } from './registeredFiles';
import { anonymousKind } from './resources';

type Slots = Pick<Ring, 'fileSlots' | 'bufferSlots'>;

/** What 5.13–6.12 print of a slot that is free. */
const NOWHERE = '0xffffffffffffffff';

/** The slots in use that fdinfo prints, where the ring has registered any. */
export function printedSlots(info: IoUringFdinfo): Slots {
  const { userFiles = 0, userBufs = 0 } = info;
  return {
    ...(userFiles > 0 ? { fileSlots: listed(info.files).map(printedFile) } : {}),
    ...(userBufs > 0
      ? { bufferSlots: listed(info.bufs.filter(({ address }) => address !== NOWHERE)).map(printedBuffer) }
      : {}),
  };
}

function listed<T extends { readonly index: number }>(slots: readonly T[]): T[] {
  return slots.filter(({ index }) => index < LISTED_SLOTS).sort((a, b) => a.index - b.index);
}

function printedFile({ index, name }: IoUringFdinfo['files'][number]): RegisteredFile {
  if (name.startsWith('/')) return { index, path: name };
  const kind = kindOf(name);
  return { index, ...(kind ? { kind } : {}), ...(name === '' ? {} : { name }) };
}

/** A buffer at no address is memory that a driver lent. */
function printedBuffer({ index, address, length }: IoUringFdinfo['bufs'][number]): RegisteredBuffer {
  return BigInt(address) === 0n ? { index, kernelOwned: true, length } : { index, address, length };
}

/** What a link to something without a path stands for. */
function kindOf(name: string): ResourceKind | undefined {
  const link = parseFdLink(name);
  if (link.kind === 'anon') return anonymousKind(link.name);
  return link.kind === 'pipe' || link.kind === 'socket' || link.kind === 'memfd' ? link.kind : undefined;
}

/** The ring with what the walk found registered: slots as they are, with the paths that fdinfo printed for the same files. */
export function withWalkedSlots(ring: Ring, { files, buffers, groups }: Registered): Ring {
  const printed = new Map(ring.fileSlots?.map((slot) => [slot.index, slot]));
  return {
    ...ring,
    ...(files ? { fileSlots: files.map((slot) => joined(slot, printed.get(slot.index))) } : {}),
    ...(buffers ? { bufferSlots: buffers } : {}),
    ...(groups.length > 0 ? { bufferGroups: groups } : {}),
  };
}

function joined(walked: RegisteredFile, printed: RegisteredFile | undefined): RegisteredFile {
  if (walked.fd !== undefined || !printed?.path) return withKind(walked);
  const last = printed.path
    .replace(/ \(deleted\)$/, '')
    .split('/')
    .at(-1);
  if (last !== walked.name) return withKind(walked);
  const { name: _, ...rest } = walked;
  return { ...rest, path: printed.path };
}

function withKind(slot: RegisteredFile): RegisteredFile {
  const kind = slot.kind ?? (slot.name === undefined ? undefined : kindOf(slot.name));
  return kind === undefined ? slot : { ...slot, kind };
}

/** The ring with what its registered files are that have a descriptor, or a path that an open file has, too. */
export function namedSlots(ring: Ring, resources: readonly Resource[]): Ring {
  if (!ring.fileSlots?.length) return ring;
  const byFd = new Map(resources.map((resource) => [resource.fd, resource]));
  const byPath = new Map(resources.map((resource) => [resource.path, resource]));
  return {
    ...ring,
    fileSlots: ring.fileSlots.map((slot) => {
      const open = slot.fd === undefined ? slot.path && byPath.get(slot.path) : byFd.get(slot.fd);
      if (!open) return slot;
      const { kind, path, link } = open;
      return {
        ...slot,
        kind,
        ...(path === undefined ? (link === undefined ? {} : { name: link }) : { path }),
      };
    }),
  };
}

/** Names of registered files by ring, for requests: what fdinfo prints, and the paths of slots. */
export function slotNames(
  printed: ReadonlyMap<number, RegisteredNames>,
  rings: readonly Ring[],
): ReadonlyMap<number, RegisteredNames> {
  const names = new Map(printed);
  for (const { id, fileSlots = [] } of rings) {
    const paths = fileSlots.flatMap(({ index, path }) =>
      path === undefined ? [] : [[index, path] as const],
    );
    if (paths.length > 0) names.set(id, new Map([...(printed.get(id) ?? []), ...paths]));
  }
  return names;
}
