import type { BlockDevice, Resource, Sample } from '../model/sample';
import type { Blocked } from './blocking';
import { shared } from './candidates';
import { culpritOf, diskOf, hardwareRemedy, resumeRemedy } from './disks';
import { frozenRemedy } from './freezing';
import { DISK_ADVICE, FUSE_ADVICE, HOST_ADVICE, NFS_ADVICE } from './functions/advice';
import type { Cause } from './functions/entry';
import { plightOf } from './fuseServers';
import { lockHolders } from './locks';
import { areOfHost } from './wording';
import { joined, processName } from './words';

/** Causes that a disk holds up. */
const ON_DISK: ReadonlySet<Cause> = new Set<Cause>(['page', 'device', 'writeback']);

/** Waits of which /proc/locks tells the holder. */
const FILE_LOCKS: ReadonlySet<string> = new Set(['file lock', 'file lease']);

/** The disk that holds all of them up, if it is a disk. */
export function sharedDisk(
  sample: Sample,
  cause: Cause,
  files: readonly Resource[],
): BlockDevice | undefined {
  const one = ON_DISK.has(cause) && shared(files, (file) => file.blockDevice) !== undefined;
  return one ? diskOf(sample, files[0]) : undefined;
}

/** The page cache's advice is vague where the files tell who supplies their pages. */
export function remedyFor(
  sample: Sample,
  cause: Cause,
  blocked: readonly Blocked[],
  files: readonly Resource[],
): string | undefined {
  if (cause === 'frozen') return frozenRemedy(sample, files);
  const disk = sharedDisk(sample, cause, files);
  if (disk?.suspended) return resumeRemedy(disk);
  const remedy = disk && (culpritOf(sample, disk)?.remedy ?? hardwareRemedy(disk));
  if (remedy !== undefined) return remedy;
  const holders = blocked.every(({ on }) => FILE_LOCKS.has(on.subsystem)) ? lockHolders(sample, files) : [];
  if (holders.length > 0) {
    return `Look at ${joined(holders.slice(0, 3).map(processName))}: it must let go of the file, or end.`;
  }
  const plight = cause === 'fuse' || cause === 'page' ? plightOf(sample, files[0]?.holder) : undefined;
  if (plight && shared(files, (file) => file.holder?.pid) !== undefined) return plight.remedy;
  if ((cause === 'fuse' || cause === 'page') && areOfHost(files)) return HOST_ADVICE;
  if (cause !== 'page' || files.length === 0) return undefined;
  if (files.every((file) => file.fsType?.startsWith('fuse'))) return FUSE_ADVICE;
  if (files.every((file) => file.fsType?.startsWith('nfs'))) return NFS_ADVICE;
  return files.every((file) => file.blockDevice !== undefined) ? DISK_ADVICE : undefined;
}

/** Fills the number of the FUSE connection into the advice, where the files tell it (the minor of their device). */
export function forConnection(advice: string, files: readonly Resource[]): string {
  const minor = shared(files, (file) => file.device)?.split(':')[1];
  return minor === undefined ? advice : advice.replace('connections/N/', `connections/${minor}/`);
}
