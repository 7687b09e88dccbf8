import type { SocketInfo } from '../model/sample';
import type { InetRow } from '../procfs/inet';
import { endpointBytes } from '../procfs/inetAddress';
import { type InetQuestion, isTold, type KernelSockets, type TcpInfo } from '../target/kernelSockets';
import type { OtherEnd } from './otherEnds';

/** A TCP socket that is waited for. */
export interface TcpAsked {
  readonly fd: number;
  readonly socket: SocketInfo;
}

/**
 * The other ends of TCP connections on the same host and in one network namespace, of which `rows` are all sockets: the socket with the two addresses swapped, or
 * the listener where none was accepted. `kernel` tells how long nothing came, and how many may wait to be accepted.
 */
export async function tcpEnds(
  rows: readonly InetRow[],
  asked: readonly TcpAsked[],
  kernel: KernelSockets | undefined,
): Promise<OtherEnd[]> {
  const connections = asked.filter(({ socket }) => /^tcp/.test(socket.protocol) && socket.peer !== undefined);
  if (connections.length === 0) return [];
  const local = connections.map(({ socket }) => localEnd(socket, rows));
  const [told, backlogs] = await Promise.all([
    ask(
      kernel,
      connections.map(({ socket }) => questionOf(socket.local, socket.peer)),
    ),
    ask(
      kernel,
      local.map((end) => questionOf(end.listener?.local)),
    ),
  ]);
  return connections.map(({ fd, socket }, index): OtherEnd => {
    const { peer, listener } = local[index] ?? {};
    const limit = backlogs[index];
    return {
      fd,
      socket: {
        ...(told[index]?.info && /^(ESTABLISHED|CLOSE_WAIT)$/.test(socket.state ?? '')
          ? timesOf(told[index].info)
          : {}),
        ...(peer ? { peerUnread: peer.receiveQueue } : {}),
      },
      ...(peer ? { link: linkOf(peer) } : {}),
      ...(listener
        ? {
            listener: {
              name: listener.local,
              waiting: listener.receiveQueue,
              ...(limit?.listens ? { limit: limit.sendQueue } : {}),
              link: linkOf(listener),
            },
          }
        : {}),
    };
  });
}

function localEnd(
  { local, peer }: SocketInfo,
  rows: readonly InetRow[],
): { peer?: InetRow; listener?: InetRow } {
  const other = rows.find((row) => row.local === peer && row.peer === local && row.state !== 'TIME_WAIT');
  if (other && other.inode !== 0) return { peer: other };
  if (!other && !isLocal(local, peer)) return {};
  const listener = listenerFor(peer ?? '', rows);
  return listener ? { listener } : {};
}

/** A connection from an address to itself stays on the host. */
function isLocal(local: string | undefined, peer: string | undefined): boolean {
  const host = hostOf(peer ?? '');
  return host.startsWith('127.') || host === '[::1]' || host === hostOf(local ?? '');
}

function hostOf(end: string): string {
  return end.slice(0, end.lastIndexOf(':'));
}

/**
 * The exact address counts before all addresses (`0.0.0.0`, `[::]`, which takes IPv4, too). Of several that share a port
 * (SO_REUSEPORT) it is not known whose a connection is, unless only one has some waiting.
 */
function listenerFor(end: string, rows: readonly InetRow[]): InetRow | undefined {
  const port = end.slice(end.lastIndexOf(':'));
  const listening = rows.filter(({ state, inode }) => state === 'LISTEN' && inode !== 0);
  const places = end.startsWith('[') ? [end, `[::]${port}`] : [end, `0.0.0.0${port}`, `[::]${port}`];
  for (const place of places) {
    const here = listening.filter(({ local }) => local === place);
    const busy = here.length > 1 ? here.filter(({ receiveQueue }) => receiveQueue > 0) : here;
    if (here.length > 0) return busy.length === 1 ? busy[0] : undefined;
  }
  return undefined;
}

function linkOf({ inode }: InetRow): string {
  return `socket:[${inode}]`;
}

function questionOf(local: string | undefined, peer?: string): InetQuestion | undefined {
  const own = local === undefined ? undefined : endpointBytes(local);
  const other = peer === undefined ? undefined : endpointBytes(peer);
  if (!own || (peer !== undefined && !other)) return undefined;
  return { local: own, ...(other ? { peer: other } : {}) };
}

async function ask(kernel: KernelSockets | undefined, questions: readonly (InetQuestion | undefined)[]) {
  const asked = questions.flatMap((question) => (question ? [question] : []));
  const answers = kernel && asked.length > 0 ? await kernel.tcp(asked) : [];
  const told = new Map(asked.map((question, index) => [question, answers[index]]));
  return questions.map((question) => {
    const answer = question && told.get(question);
    return isTold(answer) ? answer : undefined;
  });
}

function timesOf({ sinceReceived, probes, retransmits }: TcpInfo): Partial<SocketInfo> {
  return {
    sinceReceived: Math.round(sinceReceived * 10) / 10,
    ...(probes > 0 ? { probes } : {}),
    ...(retransmits > 0 ? { retransmits } : {}),
  };
}
