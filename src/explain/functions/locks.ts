import { LOCK_ADVICE } from './advice';
import type { KernelFunction } from './entry';

const DIRECTORY_LOCK: KernelFunction = {
  names: [
    'path_openat',
    'walk_component',
    '__lookup_slow',
    'lookup_slow',
    'open_last_lookups',
    'filename_create',
    'lock_rename',
    'iterate_dir',
  ],
  subsystem: 'directory',
  text: 'waits for the lock of a directory, or for a name in it that another operation is looking up',
  wake: 'uninterruptible',
  cause: 'lock',
  advice: 'Another task is inside the same directory: what that one waits for is the cause.',
  rank: 'layer',
  seen: true,
};

/** Locks of files and directories. */
export const LOCKS: readonly KernelFunction[] = [
  {
    names: [
      'locks_lock_inode_wait',
      'flock_lock_inode_wait',
      'posix_lock_inode_wait',
      'fcntl_setlk',
      '__do_sys_flock',
    ],
    subsystem: 'file lock',
    text: 'waits for a file lock that another process holds',
    wake: 'interruptible',
    cause: 'lock',
    advice: LOCK_ADVICE,
    rank: 'specific',
    seen: true,
  },
  {
    names: ['__break_lease', 'break_lease'],
    subsystem: 'file lease',
    text: 'waits for another process to give up its lease on the file (at most /proc/sys/fs/lease-break-time)',
    wake: 'interruptible',
    cause: 'lock',
    advice: LOCK_ADVICE,
    rank: 'specific',
    seen: true,
  },
  {
    names: ['d_alloc_parallel'],
    subsystem: 'directory',
    text: 'waits for a name in a directory that another operation is looking up',
    wake: 'uninterruptible',
    cause: 'lock',
    advice: 'Another task is looking it up: what that one waits for is the cause.',
    rank: 'layer',
    seen: false,
  },
  {
    ...DIRECTORY_LOCK,
    inside: [
      'rwsem_down_read_slowpath',
      'rwsem_down_write_slowpath',
      'down_read',
      'down_read_killable',
      'down_write',
      'down_write_nested',
    ],
  },
  // Many kernels leave the lock's own frames out of a stack.
  { ...DIRECTORY_LOCK, innermost: true },
];
