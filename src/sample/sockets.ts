import type { SocketInfo } from '../model/sample';
import { type InetRow, parseInetTable } from '../procfs/inet';
import { parseUnixTable } from '../procfs/unix';
import type { Target } from '../target/target';
import { textOf } from './text';

/** Bytes of one table: about 100,000 sockets. */
export const TABLE_LIMIT = 16 << 20;
const INET = ['tcp', 'tcp6', 'udp', 'udp6'] as const;

export interface SocketTable {
  /** By the socket's inode, in the network namespace of the process. */
  readonly byInode: ReadonlyMap<number, SocketInfo>;
  /** All TCP sockets of that namespace, where the process has any. */
  readonly tcp: readonly InetRow[];
  /** Tables that could not be read: `tcp (ETIMEDOUT)`. */
  readonly missing: readonly string[];
}

/** The sockets of the process's network namespace that are in `wanted`. */
export async function readSockets(
  target: Target,
  pid: number,
  wanted: ReadonlySet<number>,
): Promise<SocketTable> {
  const names = [...INET, 'unix'];
  const results = await target.read(
    names.map((name) => `/proc/${pid}/net/${name}`),
    { limit: TABLE_LIMIT },
  );
  const byInode = new Map<number, SocketInfo>();
  const missing: string[] = [];
  const tcp: InetRow[] = [];
  for (const [index, name] of names.entries()) {
    const result = results[index];
    const text = textOf(result);
    if (text === undefined) {
      // A kernel without IPv6 has no such files.
      if (result && !result.ok && result.errno !== 'ENOENT') missing.push(`${name} (${result.errno})`);
      continue;
    }
    if (name === 'unix') {
      addUnix(byInode, text, wanted);
      continue;
    }
    const protocol = INET[index] ?? 'tcp';
    const { rows } = parseInetTable(text, protocol);
    addInet(byInode, rows, protocol, wanted);
    if (protocol.startsWith('tcp')) for (const row of rows) tcp.push(row);
  }
  return { byInode, tcp, missing };
}

function addInet(
  into: Map<number, SocketInfo>,
  rows: readonly InetRow[],
  protocol: (typeof INET)[number],
  wanted: ReadonlySet<number>,
): void {
  for (const row of rows) {
    if (!wanted.has(row.inode)) continue;
    const connected = row.state !== 'LISTEN' && !/:0$/.test(row.peer);
    into.set(row.inode, {
      protocol,
      state: row.state,
      local: row.local,
      ...(connected ? { peer: row.peer } : {}),
      sendQueue: row.sendQueue,
      receiveQueue: row.receiveQueue,
      retransmits: row.retransmits,
    });
  }
}

function addUnix(into: Map<number, SocketInfo>, text: string, wanted: ReadonlySet<number>): void {
  for (const row of parseUnixTable(text).rows) {
    // A unix path is printed raw and can forge a row: what the other tables said of an inode stands.
    if (!wanted.has(row.inode) || into.has(row.inode)) continue;
    const type = UNIX_TYPES.find((known) => known === row.type);
    into.set(row.inode, {
      protocol: 'unix',
      state: row.state,
      ...(row.path === undefined ? {} : { local: row.path }),
      ...(type === undefined ? {} : { type }),
    });
  }
}

const UNIX_TYPES = ['stream', 'datagram', 'seqpacket'] as const;
