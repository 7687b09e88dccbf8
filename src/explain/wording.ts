import { printable } from '../model/printable';
import type { Resource, Sample } from '../model/sample';
import type { Blocked } from './blocking';
import { shared } from './candidates';
import { diskOf } from './disks';
import { frozenText } from './freezing';
import type { Cause } from './functions/entry';
import { serverWithPlight } from './fuseServers';
import { lockHolders } from './locks';
import type { Named } from './namedFiles';
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
export function aboutFiles(blocked: readonly Blocked[], files: readonly Named[]): string {
  const byPath = blocked.some(({ task }) => BY_PATH.has(task.operation ?? ''));
  const [only] = files;
  if (files.length === 1 && only?.path !== undefined && only.fd < 0) {
    const to = only.newPath === undefined ? '' : ` to ${printable(only.newPath, 200)}`;
    return ` of ${resourceName(only)}${to}${typeOf(only)}`;
  }
  if (files.length === 1 && only && only.fd >= 0 && !byPath)
    return ` of ${resourceName(only)}${typeOf(only)}`;
  const mount = files.length > 0 ? shared(files, (r) => r.mount) : undefined;
  const named = files.filter(({ fd, path }) => fd < 0 && path !== undefined);
  if (named.length === files.length && named.length > 1 && (mount === undefined || mount === '/')) {
    const few = named.slice(0, MOST_PATHS).map((file) => resourceName(file));
    return ` of ${joined(named.length > MOST_PATHS ? [...few, `${named.length - MOST_PATHS} more`] : few)}`;
  }
  return mount === undefined || mount === '/' ? '' : ` on ${mount}`;
}

/** Paths that are named where no mount says more. */
const MOST_PATHS = 2;

/** " (fuse.sshfs)", " (overlay on fuse.sshfs)". */
function typeOf({ fsType, layers }: Resource): string {
  if (fsType === undefined) return '';
  return layers === undefined || fsType === 'overlay' ? ` (${fsType})` : ` (overlay on ${fsType})`;
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
  if (cause === 'frozen') return frozenText(sample, text, files);
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
  const allFuse = files.length > 0 && files.every((r) => r.fsType?.startsWith('fuse'));
  if (cause === 'fuse' || ((cause === 'page' || cause === 'writeback') && allFuse)) {
    const named = server ? serverWithPlight(sample, server) : 'the FUSE server';
    if (cause === 'writeback') return `waits for ${named} to take written pages`;
    if (cause === 'page') return `waits for ${named} to supply a page`;
    if (!server) return askingServer(blocked) ?? text;
    return (askingServer(blocked) ?? text).replace(/the FUSE server(’s answer)?/, (_, answer) =>
      answer === undefined ? named : `${named} to answer`,
    );
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

/** Of some that wait for a server and some for the lock of a file that those hold, what the first do: it is the cause. */
function askingServer(blocked: readonly Blocked[]): string | undefined {
  const texts = new Set(
    blocked.map(({ on }) => on.text).filter((text) => !text.includes('another operation')),
  );
  const [only] = texts;
  return texts.size > 1 ? 'waits for the FUSE server’s answer' : only;
}

function mostCommon(texts: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'waits';
}
