/** Arguments of a system call that name a file: the path's, and that of the directory it starts from unless that is the current one. */
export interface PathArgument {
  readonly path: number;
  readonly directory?: number;
}

const FIRST: readonly PathArgument[] = [{ path: 0 }];
const AT: readonly PathArgument[] = [{ directory: 0, path: 1 }];
const BOTH: readonly PathArgument[] = [{ path: 0 }, { path: 1 }];
const BOTH_AT: readonly PathArgument[] = [
  { directory: 0, path: 1 },
  { directory: 2, path: 3 },
];

/** By what asm/unistd.h calls them; a symlink's text is no path that is looked up, and of a mount it is the source that is waited for. */
const CALLS: readonly (readonly [arguments_: readonly PathArgument[], names: string])[] = [
  [
    FIRST,
    `open creat mkdir rmdir unlink mknod stat lstat access truncate chmod chown lchown utime utimes readlink
    setxattr lsetxattr getxattr lgetxattr listxattr llistxattr removexattr lremovexattr statfs chdir chroot
    execve mount umount2 acct swapon swapoff`,
  ],
  [
    AT,
    `openat openat2 mkdirat unlinkat mknodat newfstatat statx faccessat faccessat2 fchmodat fchmodat2 fchownat
    futimesat utimensat readlinkat execveat name_to_handle_at open_tree setxattrat getxattrat listxattrat
    removexattrat file_getattr file_setattr`,
  ],
  [BOTH, 'rename link'],
  [BOTH_AT, 'renameat renameat2 linkat move_mount'],
  [[{ path: 1 }], 'symlink inotify_add_watch'],
  [[{ directory: 1, path: 2 }], 'symlinkat'],
];

const BY_NAME = new Map(
  CALLS.flatMap(([arguments_, names]) => names.split(/\s+/).map((name) => [name, arguments_] as const)),
);

/** In the order in which the system call names them; none for one that works on what is open. */
export function pathArguments(name: string): readonly PathArgument[] {
  return BY_NAME.get(name) ?? [];
}
