import type { Resource, Sample, Task } from '../model/sample';
import type { Cause } from './functions/entry';

/** File systems that a function in the stack gives away. */
const STACK_HINTS: readonly (readonly [RegExp, RegExp])[] = [
  [/^_?_?fuse_/, /^fuse|^virtiofs/],
  [/^_?nfs/, /^nfs/],
  [/^(cifs|smb|SMB|SendReceive)/, /^(cifs|smb)/],
  [/^_?_?ext4_|^jbd2_/, /^ext[234]/],
  [/^xfs_|^xlog_/, /^xfs/],
  [/^btrfs_/, /^btrfs/],
  [/^ceph_/, /^ceph/],
  [/^v9fs_|^p9_/, /^9p/],
  [/^shmem_/, /^(tmpfs|devtmpfs)/],
];

const PSEUDO = /^(proc|sysfs|devtmpfs|devpts|cgroup2?|tracefs|debugfs|securityfs|mqueue|bpf)$/;
/** Calls that change the address space: what holds them up is no file. */
const ON_MEMORY = /^(mmap|munmap|mremap|mprotect|madvise|brk|mlock.*|munlock.*)$/;
const NETWORK = /^(nfs|cifs|smb|ceph|9p|afs|glusterfs)/;

/**
 * The open files a wait may be about, best guess first narrowed by the file systems in the stack and by the
 * cause. Standard input, output and error are left out unless the system call names them. One result = named;
 * several = only what they share may be said.
 */
export function candidateFiles(
  sample: Sample,
  tasks: readonly Task[],
  cause: Cause,
  fd?: number,
): Resource[] {
  if (fd !== undefined) {
    const named = sample.resources.find((resource) => resource.fd === fd);
    if (named && isFile(named)) return [named];
  }
  if (tasks.every(({ syscall }) => syscall?.name !== undefined && ON_MEMORY.test(syscall.name))) return [];
  const standard = new Set(sample.resources.filter((r) => r.fd <= 2).map((r) => r.path));
  const hint = fileSystemHint(tasks);
  const files = sample.resources.filter(
    (r) =>
      isFile(r) &&
      r.fd > 2 &&
      !standard.has(r.path) &&
      // Who waits for a peer waits for a FIFO, a pipe, a socket or a terminal.
      (cause !== 'peer' || r.kind === 'device') &&
      (r.blockDevice !== undefined || (r.fsType !== undefined && !PSEUDO.test(r.fsType))),
  );
  const fitting = files.filter((r) => (hint ? hint.test(r.fsType ?? '') : fitsCause(r, cause)));
  return unique(fitting);
}

function isFile(resource: Resource): boolean {
  return resource.kind === 'file' || resource.kind === 'device' || resource.kind === 'directory';
}

/** Whether a wait can be about a file: by the file system in the stacks, else by the cause. */
export function fitsWait(file: Resource, tasks: readonly Task[], cause: Cause): boolean {
  // A disk that is mounted is named itself, not a file of the file system on it.
  const hint = file.kind === 'device' ? undefined : fileSystemHint(tasks);
  return hint ? hint.test(file.fsType ?? '') : fitsCause(file, cause);
}

function fitsCause(resource: Resource, cause: Cause): boolean {
  const fsType = resource.fsType ?? '';
  switch (cause) {
    case 'fuse':
      return fsType.startsWith('fuse');
    case 'network file system':
      return NETWORK.test(fsType);
    case 'helper':
      return false;
    case 'page':
      return fsType !== 'tmpfs';
    case 'device':
    case 'writeback':
    case 'frozen':
    case 'throttled':
      return resource.blockDevice !== undefined || !/^(fuse|tmpfs|nfs|cifs|9p)/.test(fsType);
    default:
      return true;
  }
}

function fileSystemHint(tasks: readonly Task[]): RegExp | undefined {
  for (const task of tasks) {
    for (const frame of task.kernelStack ?? []) {
      const hint = STACK_HINTS.find(([name]) => name.test(frame.function));
      if (hint) return hint[1];
    }
  }
  return undefined;
}

function unique(files: readonly Resource[]): Resource[] {
  const seen = new Map<string, Resource>();
  for (const file of files) seen.set(file.path ?? String(file.fd), file);
  return [...seen.values()];
}

/** The one value all share, if they do. */
export function shared<T>(
  files: readonly Resource[],
  field: (resource: Resource) => T | undefined,
): T | undefined {
  const values = new Set(files.map(field));
  const [only] = values;
  return values.size === 1 ? only : undefined;
}
