import type { SocketInfo } from '../model/sample';
import { parseUnixTable } from '../procfs/unix';
import { isTold, type KernelSockets, type UnixSocket } from '../target/kernelSockets';
import type { Target } from '../target/target';
import type { OtherEnd } from './otherEnds';
import { TABLE_LIMIT } from './sockets';
import { textOf } from './text';

/** A unix socket that is waited for. */
export interface UnixAsked {
  readonly fd: number;
  readonly inode: number;
  /** Where it is being connected to. */
  readonly address?: string;
}

export interface UnixEnds {
  readonly ends: readonly OtherEnd[];
  /** Descriptors of the sockets of which the kernel tells nothing: they are of another network namespace, or it has no unix_diag. */
  readonly untold: readonly number[];
}

/** Listeners that are asked who waits to be accepted by them. */
const MOST_LISTENERS = 256;

/**
 * The other ends of unix sockets, told by the kernel alone: /proc pairs none. One that nobody has accepted leads to the listener in
 * whose queue it waits, one that is being connected to the listener of that name.
 */
export async function unixEnds(
  target: Target,
  pid: number,
  asked: readonly UnixAsked[],
  kernel: KernelSockets,
): Promise<UnixEnds> {
  if (asked.length === 0) return { ends: [], untold: [] };
  const answers = await kernel.unix(asked.map(({ inode }) => inode));
  const own = answers.map((answer) => (isTold(answer) ? answer : undefined));
  const others = await named(
    kernel,
    own.flatMap((socket) => (socket?.peer ? [socket.peer] : [])),
  );
  const seeks = asked.some(({ address }, index) => own[index]?.peer === 0 || address !== undefined);
  const bound = seeks
    ? await readBound(target, pid, kernel, new Set(asked.map(({ address }) => address)))
    : [];
  const ends = asked.map(({ fd, inode, address }, index): OtherEnd => {
    const socket = own[index];
    const other = socket?.peer ? others.get(socket.peer) : undefined;
    const addressed =
      socket?.peer === undefined && address !== undefined
        ? bound.find(({ name }) => name === address)
        : undefined;
    const listener = addressed?.listens
      ? addressed
      : socket?.peer === 0
        ? bound.find(({ pending }) => pending.includes(inode))
        : undefined;
    // A datagram may be sent to a socket that this one is not connected to.
    const peer = socket?.peer || (addressed?.listens === false ? addressed.inode : undefined);
    return {
      fd,
      socket: socket && !socket.listens ? factsOf(socket, other ?? (peer ? addressed : undefined)) : {},
      ...(peer ? { link: linkOf(peer) } : {}),
      ...(listener ? { listener: { ...backlogOf(listener), link: linkOf(listener.inode) } } : {}),
    };
  });
  return { ends, untold: asked.flatMap(({ fd }, index) => (own[index] === undefined ? [fd] : [])) };
}

function factsOf({ receiveQueue }: UnixSocket, other: UnixSocket | undefined): Partial<SocketInfo> {
  return {
    ...(other?.name === undefined ? {} : { peer: other.name }),
    ...(receiveQueue === undefined ? {} : { receiveQueue }),
    ...(other?.receiveQueue === undefined ? {} : { peerUnread: other.receiveQueue }),
  };
}

function backlogOf({ name, receiveQueue, sendQueue }: UnixSocket) {
  return {
    ...(name === undefined ? {} : { name }),
    ...(receiveQueue === undefined ? {} : { waiting: receiveQueue }),
    ...(sendQueue === undefined ? {} : { limit: sendQueue }),
  };
}

function linkOf(inode: number): string {
  return `socket:[${inode}]`;
}

async function named(kernel: KernelSockets, inodes: readonly number[]): Promise<Map<number, UnixSocket>> {
  const wanted = [...new Set(inodes)];
  const answers = wanted.length > 0 ? await kernel.unix(wanted) : [];
  return new Map(answers.filter(isTold).map((socket) => [socket.inode, socket]));
}

/** The listeners, and what else is bound to one of the names. */
async function readBound(
  target: Target,
  pid: number,
  kernel: KernelSockets,
  names: ReadonlySet<string | undefined>,
): Promise<UnixSocket[]> {
  const [file] = await target.read([`/proc/${pid}/net/unix`], { limit: TABLE_LIMIT });
  const inodes = parseUnixTable(textOf(file) ?? '')
    .rows.filter(
      ({ state, inode, path }) =>
        inode !== 0 &&
        (state === 'LISTENING' || (state === 'UNCONNECTED' && path !== undefined && names.has(path))),
    )
    .map(({ inode }) => inode)
    .slice(0, MOST_LISTENERS);
  return inodes.length > 0 ? (await kernel.unix(inodes)).filter(isTold) : [];
}
