/** What a /proc/PID/fd/N link says the descriptor is. */
export type FdLink =
  | { readonly kind: 'path'; readonly path: string; readonly deleted: boolean }
  | { readonly kind: 'pipe'; readonly inode: number }
  | { readonly kind: 'socket'; readonly inode: number }
  /** Without brackets: io_uring, eventpoll, eventfd, timerfd, signalfd, inotify, fanotify, pidfd, userfaultfd… */
  | { readonly kind: 'anon'; readonly name: string }
  | { readonly kind: 'memfd'; readonly name: string; readonly deleted: boolean }
  | { readonly kind: 'namespace'; readonly type: string; readonly inode: number }
  | { readonly kind: 'other'; readonly text: string };

const DELETED = ' (deleted)';
const MEMFD = '/memfd:';
const ANON = 'anon_inode:';
const NUMBERED = /^([a-z_]{1,32}):\[(\d{1,20})\]$/;
const NAMESPACES = new Set([
  'cgroup',
  'ipc',
  'mnt',
  'net',
  'pid',
  'pid_for_children',
  'time',
  'time_for_children',
  'user',
  'uts',
]);

/** Takes the link's text as readlink gave it: a path may hold any character, line feeds too. */
export function parseFdLink(text: string): FdLink {
  if (text.startsWith('/')) {
    const deleted = text.endsWith(DELETED);
    const path = deleted ? text.slice(0, -DELETED.length) : text;
    // The inode of a memfd has no link, so the kernel always calls it deleted; a file in / that is named so is not.
    return deleted && path.startsWith(MEMFD)
      ? { kind: 'memfd', name: path.slice(MEMFD.length), deleted }
      : { kind: 'path', path, deleted };
  }
  if (text.startsWith(ANON)) {
    const name = text.slice(ANON.length);
    return { kind: 'anon', name: /^\[.*\]$/s.test(name) ? name.slice(1, -1) : name };
  }
  const match = NUMBERED.exec(text);
  const type = match?.[1] ?? '';
  const inode = Number(match?.[2]);
  if (type === 'pipe' || type === 'socket') {
    return { kind: type, inode };
  }
  // pidfs, 6.9+; an anon_inode before.
  if (type === 'pidfd') {
    return { kind: 'anon', name: 'pidfd' };
  }
  return NAMESPACES.has(type) ? { kind: 'namespace', type, inode } : { kind: 'other', text };
}
