import type { SocketInfo } from '../model/sample';
import { type InetRow, parseInetTable } from '../procfs/inet';
import { parseUnixTable } from '../procfs/unix';
import type { Target } from '../target/target';
import { textOf } from './text';

/** Bytes of one table: about 100,000 sockets. */
export const TABLE_LIMIT = 16 << 20;
const INET = ['tcp', 'tcp6', 'udp', 'udp6'] as const;
const TABLES = [...INET, 'unix'] as const;

export interface SocketTable {
  /** By the socket's inode, in the network namespace of the process. */
  readonly byInode: ReadonlyMap<number, SocketInfo>;
  /** All TCP sockets of that namespace, where the process has any. */
  readonly tcp: readonly InetRow[];
  /** Tables that could not be read: `tcp (ETIMEDOUT)`. */
  readonly missing: readonly string[];
}

type Table = (typeof TABLES)[number];

/**
 * The sockets of the process's network namespace that are in `wanted`. `known` = protocols that an earlier look found, by inode: a
 * socket keeps its own, and the kernel walks all its buckets for a table, empty ones too.
 */
export async function readSockets(
  target: Target,
  pid: number,
  wanted: ReadonlySet<number>,
  known: ReadonlyMap<number, SocketInfo['protocol']> = new Map(),
): Promise<SocketTable> {
  const first = tablesOf(wanted, known);
  const found = await readTables(target, pid, wanted, first);
  if (first.length === TABLES.length || [...wanted].every((inode) => found.byInode.has(inode))) return found;
  return readTables(target, pid, wanted, TABLES);
}

/** Where those are listed; both of TCP where one is, for the other end may be in the other. */
function tablesOf(
  wanted: ReadonlySet<number>,
  known: ReadonlyMap<number, SocketInfo['protocol']>,
): readonly Table[] {
  const protocols = new Set([...wanted].map((inode) => known.get(inode)));
  if (protocols.has(undefined) || protocols.has('unknown')) return TABLES;
  const tcp = protocols.has('tcp') || protocols.has('tcp6');
  return TABLES.filter((name) => protocols.has(name) || (tcp && name.startsWith('tcp')));
}

async function readTables(
  target: Target,
  pid: number,
  wanted: ReadonlySet<number>,
  names: readonly Table[],
): Promise<SocketTable> {
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
    const { rows } = parseInetTable(text, name);
    addInet(byInode, rows, name, wanted);
    if (name.startsWith('tcp')) for (const row of rows) tcp.push(row);
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
