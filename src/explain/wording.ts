import type { Resource, Sample } from '../model/sample';
import type { Blocked } from './blocking';
import { shared } from './candidates';
import { diskOf } from './disks';
import type { Cause } from './functions/entry';
import { lockHolders } from './locks';
import { joined, processName, resourceName } from './words';

/** Operations that name their file by path: an open descriptor cannot be what they are about. */
const BY_PATH = new Set([
  'OPENAT',
  'STATX',
  'RENAMEAT',
  'UNLINKAT',
  'MKDIRAT',
  'SYMLINKAT',
  'LINKAT',
  'GETXATTR',
  'SETXATTR',
  'CLOSE',
]);

/**
 * What held requests or threads are about, after "8 reads": " of /mnt/data/db (fuse.sshfs)"; several files
 * of one mount are named by it; empty where it cannot be told.
 */
export function aboutFiles(blocked: readonly Blocked[], files: readonly Resource[]): string {
  const byPath = blocked.some(({ task }) => BY_PATH.has(task.operation ?? ''));
  const [only] = files;
  if (files.length === 1 && only && !byPath) {
    const type = only.fsType === undefined ? '' : ` (${only.fsType})`;
    return ` of ${resourceName(only)}${type}`;
  }
  const mount = files.length > 0 ? shared(files, (r) => r.mount) : undefined;
  return mount === undefined || mount === '/' ? '' : ` on ${mount}`;
}

/** Who answers for virtiofs, which has no connection that could be aborted and no process here. */
export const HOST_SERVER = 'virtiofsd on this virtual machine’s host';

/** Whether the files are folders of the host, shared with this virtual machine by virtiofs. */
export function areOfHost(files: readonly Resource[]): boolean {
  return files.length > 0 && files.every(({ fsType }) => fsType === 'virtiofs');
}

/** What a group waits for, with who must act filled in where the files tell. */
export function waitText(
  sample: Sample,
  cause: Cause,
  blocked: readonly Blocked[],
  files: readonly Resource[],
): string {
  const text = mostCommon(blocked.map(({ on }) => on.text));
  const mount = shared(files, (r) => r.mount);
  if (cause === 'frozen') {
    return mount === undefined ? text : text.replace('the file system is', `the file system at ${mount} is`);
  }
  if (cause === 'lock') {
    const holders = lockHolders(sample, files);
    if (holders.length === 0) return text;
    const names = joined(holders.slice(0, 3).map(processName));
    return text
      .replace('that another process holds', `that ${names} ${holders.length === 1 ? 'holds' : 'hold'}`)
      .replace('another process to give up its lease', `${names} to give up its lease`);
  }
  if (cause === 'user fault') {
    const [handler, ...others] = sample.faultHandlers ?? [];
    if (!handler || others.length > 0) return text;
    const own = handler.pid === sample.process.pid;
    const named = own
      ? 'its own process, which holds the userfaultfd,'
      : `the userfaultfd handler ${processName(handler)}`;
    return text.replace('a userfaultfd handler', named);
  }
  const [file] = files;
  if ((cause === 'fuse' || cause === 'page') && areOfHost(files)) {
    return cause === 'page'
      ? `${text} from ${HOST_SERVER}`
      : text
          .replace('the FUSE server’s answer', `${HOST_SERVER} to answer`)
          .replace('the FUSE server', HOST_SERVER);
  }
  const server = shared(files, (r) => r.holder?.pid) === undefined ? undefined : file?.holder;
  if (
    cause === 'fuse' ||
    (cause === 'page' && files.length > 0 && files.every((r) => r.fsType?.startsWith('fuse')))
  ) {
    const named = server ? `the FUSE server ${processName(server)}` : 'the FUSE server';
    if (cause === 'page') return `waits for ${named} to supply a page`;
    return text
      .replace('the FUSE server’s answer', server ? `${named} to answer` : 'the FUSE server’s answer')
      .replace(/the FUSE server(?! )/, named);
  }
  const source = shared(files, (r) => r.source);
  const host = source === undefined ? undefined : /^(\[[^\]]+\]|[^:/]+):/.exec(source)?.[1];
  if (cause === 'page' && files.length > 0 && files.every((r) => r.fsType?.startsWith('nfs'))) {
    return `${text} from the NFS server${host === undefined ? '' : ` ${host}`}`;
  }
  if (cause === 'network file system') {
    return host === undefined ? text : text.replace('the NFS server', `the NFS server ${host}`);
  }
  if (cause !== 'page' && cause !== 'device' && cause !== 'writeback') return text;
  const disk = shared(files, (r) => r.blockDevice);
  if (disk === undefined) return text;
  const suspended = diskOf(sample, file)?.suspended ? ', which is suspended' : '';
  if (cause === 'page') return `${text} from the disk ${disk}${suspended}`;
  if (/ the disk\b/.test(text)) return `${text.replace('the disk', `the disk ${disk}`)}${suspended}`;
  return `${text} (disk ${disk}${suspended})`;
}

function mostCommon(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'waits';
}
