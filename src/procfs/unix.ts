import { linesOf, type Rows, readRows } from './lines';

/** One socket of /proc/PID/net/unix. */
export interface UnixRow {
  /** 0 for a connection that was not accepted yet. */
  readonly inode: number;
  readonly type: 'stream' | 'datagram' | 'seqpacket' | 'raw' | 'unknown';
  readonly state: 'LISTENING' | 'CONNECTED' | 'CONNECTING' | 'DISCONNECTING' | 'UNCONNECTED' | 'UNKNOWN';
  /** As it was bound; `@` begins an abstract name. */
  readonly path?: string;
}

const ROW =
  /^[0-9a-f]{8,16}: [0-9A-F]{8} [0-9A-F]{8} ([0-9A-F]{8}) ([0-9A-F]{4}) ([0-9A-F]{2}) +(\d{1,20})(?: (.*))?$/s;
const TYPES = { 1: 'stream', 2: 'datagram', 3: 'raw', 5: 'seqpacket' } as const;
const STATES = { 1: 'UNCONNECTED', 2: 'CONNECTING', 3: 'CONNECTED', 4: 'DISCONNECTING' } as const;
const ACCEPTS = 0x10000;

/**
 * The kernel prints paths raw, so one that holds a line feed can forge a row. No two sockets share an inode:
 * rows that claim the same one are all given up, and counted as unreadable.
 */
export function parseUnixTable(text: string): Rows<UnixRow> {
  const lines = linesOf(text);
  const { rows, unreadable } = readRows(lines, readRow, lines[0]?.startsWith('Num ') ? 1 : 0);
  const seen = new Map<number, number>();
  for (const { inode } of rows) {
    seen.set(inode, (seen.get(inode) ?? 0) + 1);
  }
  const single = rows.filter(({ inode }) => inode === 0 || seen.get(inode) === 1);
  return { rows: single, unreadable: unreadable + rows.length - single.length };
}

function readRow(line: string): UnixRow | undefined {
  const match = ROW.exec(line);
  if (match === null) {
    return undefined;
  }
  const [, flags = '', type = '', state = '', inode, path] = match;
  const listens = (Number.parseInt(flags, 16) & ACCEPTS) !== 0;
  return {
    inode: Number(inode),
    type: lookUp(TYPES, Number.parseInt(type, 16)) ?? 'unknown',
    state: listens ? 'LISTENING' : (lookUp(STATES, Number.parseInt(state, 16)) ?? 'UNKNOWN'),
    ...(path === undefined || path === '' ? {} : { path }),
  };
}

function lookUp<Name extends string>(
  names: Readonly<Record<number, Name>>,
  number: number,
): Name | undefined {
  return names[number];
}
