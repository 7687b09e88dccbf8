import type { Resource, ResourceKind } from '../model/sample';
import { parseEventfd } from '../procfs/eventfdFdinfo';
import { parseEventpoll } from '../procfs/eventpollFdinfo';
import { parseFdinfo } from '../procfs/fdinfo';
import { openFlagNames } from '../procfs/openFlags';
import { parsePidfd } from '../procfs/pidfdFdinfo';
import { parseTimerfd } from '../procfs/timerfdFdinfo';
import type { Descriptor } from './descriptors';
import type { MountTable } from './mounts';
import type { SocketTable } from './sockets';

export interface ResourcesAsked {
  readonly arch: string;
  readonly mounts: MountTable;
  readonly sockets: SocketTable;
}

/** What each descriptor is, as far as its own process tells; peers and servers are added later. */
export function resourceOf(descriptor: Descriptor, asked: ResourcesAsked): Resource {
  const { fd, link, text } = descriptor;
  const info = descriptor.info === undefined ? undefined : parseFdinfo(descriptor.info);
  const openFlags = info?.flags === undefined ? {} : { openFlags: shownFlags(info.flags, asked.arch) };
  switch (link.kind) {
    case 'path':
      return {
        ...pathResource(fd, link.path, link.deleted, info?.mountId, asked.mounts),
        ...openFlags,
        ...inodeOf(info),
      };
    case 'pipe':
      return { fd, kind: 'pipe', link: text, inode: link.inode, ...endOf(info?.flags), ...openFlags };
    case 'socket': {
      const socket = asked.sockets.byInode.get(link.inode);
      return { fd, kind: 'socket', link: text, inode: link.inode, ...(socket ? { socket } : {}) };
    }
    case 'memfd':
      return { fd, kind: 'memfd', link: text, ...openFlags };
    case 'anon':
      return {
        fd,
        kind: anonymousKind(link.name),
        link: text,
        ...anonymousFacts(link.name, descriptor.info),
      };
    case 'namespace':
      return { fd, kind: 'anonymous', link: text };
    default:
      return { fd, kind: 'unknown', link: text };
  }
}

/** O_LARGEFILE stands on every file of a 64-bit program and says nothing. */
function shownFlags(flags: number, arch: string): string[] {
  return openFlagNames(flags, arch).filter((name) => name !== 'O_LARGEFILE');
}

const ANONYMOUS: Readonly<Record<string, ResourceKind>> = {
  io_uring: 'io_uring',
  eventpoll: 'epoll',
  eventfd: 'eventfd',
  timerfd: 'timerfd',
  signalfd: 'signalfd',
  inotify: 'inotify',
  fanotify: 'fanotify',
  pidfd: 'pidfd',
  userfaultfd: 'userfaultfd',
};

/** What an anonymous inode of this name is. */
export function anonymousKind(name: string): ResourceKind {
  return (Object.hasOwn(ANONYMOUS, name) && ANONYMOUS[name]) || 'anonymous';
}

function pathResource(
  fd: number,
  path: string,
  deleted: boolean,
  mountId: number | undefined,
  mounts: MountTable,
): Resource {
  const facts = mounts.find(mountId, path);
  const kind: ResourceKind = path.startsWith('/dev/') ? 'device' : 'file';
  return { fd, kind, path, ...(deleted ? { deleted } : {}), ...(facts ?? {}) };
}

function inodeOf(info: { readonly inode?: number } | undefined): { inode?: number } {
  return info?.inode === undefined ? {} : { inode: info.inode };
}

/** O_ACCMODE: 0 reads, 1 writes, 2 both. */
function endOf(flags: number | undefined): { end?: 'read' | 'write' | 'both' } {
  if (flags === undefined) return {};
  const mode = flags & 3;
  return { end: mode === 0 ? 'read' : mode === 1 ? 'write' : 'both' };
}

function anonymousFacts(name: string, info: string | undefined): Partial<Resource> {
  if (info === undefined) return {};
  switch (name) {
    case 'eventpoll':
      return { watches: parseEventpoll(info).rows.map((row) => row.fd) };
    case 'eventfd': {
      const count = parseEventfd(info)?.count;
      return count === undefined ? {} : { count: `0x${count.toString(16)}` };
    }
    case 'timerfd': {
      const timer = parseTimerfd(info);
      return timer ? { timeLeft: timer.value } : {};
    }
    case 'pidfd': {
      const pid = parsePidfd(info)?.pid;
      return pid === undefined ? {} : { target: pid };
    }
    default:
      return {};
  }
}
