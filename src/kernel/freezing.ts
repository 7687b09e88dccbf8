import type { Target } from '../target/target';
import type { KernelLayout, Place } from './layout';
import { findOwnLeader } from './ownLeader';
import { readFileTable } from './process';
import { Reader } from './reader';
import { Structure } from './structure';

/** Who froze the file system that a descriptor's file is on. */
export type Freezer = 'program' | 'disk' | 'kernel';

/** enum freeze_holder (6.6+). */
const BY_KERNEL = 1;

/**
 * The file systems that are frozen, by a descriptor of the process for each; undefined for one where the kernel keeps no account of who
 * did it (before 6.6). Descriptors on file systems that are not frozen, or that lead nowhere, are left out. Undefined where the kernel's
 * memory cannot be read.
 */
export async function readFreezers(
  target: Target,
  layout: KernelLayout,
  pid: number,
  fds: readonly number[],
): Promise<Map<number, Freezer | undefined> | undefined> {
  const found = new Map<number, Freezer | undefined>();
  const { inodeSuper, superFrozen } = layout.optional;
  const { kernel } = target;
  if (!kernel || !inodeSuper || !superFrozen || fds.length === 0) return undefined;
  const leader = await findOwnLeader(target, kernel, layout, pid);
  if (!leader) return undefined;
  const reader = new Reader(kernel, layout);
  const { files } = await readFileTable(reader, leader);
  const asked = fds.filter((fd) => (files[fd] ?? 0n) !== 0n);
  const { start, length } = superStretch(layout);
  const records = await reader.records(
    asked.map((fd) => ({
      from: files[fd] ?? 0n,
      steps: [layout.needed.fileInode[0], inodeSuper[0]],
      last: start,
      length,
    })),
  );
  if (reader.refused !== undefined) return undefined;
  const supers = asked.flatMap((fd, index) => {
    const record = records[index];
    const block = record && new Structure(record.address - BigInt(start), record.data, start);
    return block && block.number(superFrozen) > 0 ? [{ fd, block }] : [];
  });
  const disks = await diskFreezes(
    reader,
    supers.map(({ block }) => block.pointer(layout.optional.superDisk)),
  );
  supers.forEach(({ fd, block }, index) => {
    found.set(fd, freezerOf(layout, block, disks[index] ?? 0));
  });
  return found;
}

/** A freeze through the disk counts as a program's, too. */
function freezerOf({ optional }: KernelLayout, block: Structure, byDisk: number): Freezer | undefined {
  if (byDisk > 0) return 'disk';
  if (optional.superProgramFreezes) {
    if (block.number(optional.superProgramFreezes) > 0) return 'program';
    return block.number(optional.superKernelFreezes) > 0 ? 'kernel' : undefined;
  }
  if (!optional.superFreezers) return undefined;
  return (block.number(optional.superFreezers) & BY_KERNEL) !== 0 ? 'kernel' : 'program';
}

function superStretch({ optional }: KernelLayout): { readonly start: number; readonly length: number } {
  const places = [
    optional.superFrozen,
    optional.superProgramFreezes,
    optional.superKernelFreezes,
    optional.superFreezers,
    optional.superDisk,
  ].filter((place): place is Place => place !== undefined);
  const start = Math.min(...places.map(([offset]) => offset));
  return { start, length: Math.max(...places.map(([offset, size]) => offset + size)) - start };
}

/** How often each block device has frozen what is on it; 0 for none and where it is not known. */
async function diskFreezes(reader: Reader, disks: readonly bigint[]): Promise<number[]> {
  const place = reader.layout.optional.diskFreezes;
  if (!place) return disks.map(() => 0);
  const [start, length] = place;
  const asked = disks.filter((address) => address !== 0n);
  const blocks = await reader.structures(asked.map((address) => ({ address, start, length })));
  const counts = new Map(asked.map((address, index) => [address, blocks[index]?.number(place) ?? 0]));
  return disks.map((address) => counts.get(address) ?? 0);
}
