import { ipv4Text, ipv6Text } from './inetAddress';
import { linesOf, type Rows, readRows } from './lines';

export type InetTable = 'tcp' | 'tcp6' | 'udp' | 'udp6';

/** One socket of /proc/PID/net/{tcp,tcp6,udp,udp6}. */
export interface InetRow {
  /** 0 where no file holds it any more (TIME_WAIT). */
  readonly inode: number;
  /** `127.0.0.1:80`, `[::1]:80`; IPv4 in IPv6 is written as IPv4. */
  readonly local: string;
  readonly peer: string;
  /** ESTABLISHED, LISTEN, SYN_SENT…; for UDP ESTABLISHED (connected) or UNCONNECTED. */
  readonly state: string;
  /** Bytes not acknowledged; 0 for a TCP listener. */
  readonly sendQueue: number;
  /** Bytes not read; for a TCP listener the connections not accepted. */
  readonly receiveQueue: number;
  readonly timer?: InetTimer;
  /** Retransmissions of what is not acknowledged. */
  readonly retransmits: number;
  readonly uid: number;
}

export interface InetTimer {
  readonly kind: 'retransmit' | 'keepalive' | 'timewait' | 'probe';
  /** Until it fires. */
  readonly seconds: number;
}

const STATES = [
  ...['', 'ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSE'],
  ...['CLOSE_WAIT', 'LAST_ACK', 'LISTEN', 'CLOSING', 'NEW_SYN_RECV', 'BOUND_INACTIVE'],
] as const;
const TIMERS = [undefined, 'retransmit', 'keepalive', 'timewait', 'probe'] as const;
/** Ticks a second in which the kernel prints a timer. */
const USER_HZ = 100;

const ADDRESS = '([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})';
const ROW = new RegExp(
  `^ *\\d+: ${ADDRESS} ${ADDRESS} ([0-9A-F]{2}) ([0-9A-F]{8}):([0-9A-F]{8}) ([0-9A-F]{2}):([0-9A-F]{1,16}) ([0-9A-F]{8}) +(\\d+) +\\d+ (\\d+) `,
);

/** Addresses are printed as native words; little-endian machines are assumed. */
export function parseInetTable(text: string, table: InetTable): Rows<InetRow> {
  const lines = linesOf(text);
  const udp = table.startsWith('udp');
  const first = lines[0]?.trimStart().startsWith('sl ') ? 1 : 0;
  return readRows(lines, (line) => readRow(line, udp), first);
}

function readRow(line: string, udp: boolean): InetRow | undefined {
  const match = ROW.exec(line);
  if (match === null) {
    return undefined;
  }
  const [, local = '', localPort = '', peer = '', peerPort = '', state = '', send = '', receive = ''] = match;
  const [timer = '', when = '', retransmits = '', uid, inode] = match.slice(8);
  const number = Number.parseInt(state, 16);
  const kind = TIMERS[Number.parseInt(timer, 16)];
  return {
    inode: Number(inode),
    local: endpoint(local, localPort),
    peer: endpoint(peer, peerPort),
    state: udp ? (number === 1 ? 'ESTABLISHED' : 'UNCONNECTED') : STATES[number] || `STATE_${number}`,
    sendQueue: Number.parseInt(send, 16),
    receiveQueue: Number.parseInt(receive, 16),
    ...(kind === undefined || udp ? {} : { timer: { kind, seconds: Number.parseInt(when, 16) / USER_HZ } }),
    retransmits: Number.parseInt(retransmits, 16),
    uid: Number(uid),
  };
}

function endpoint(address: string, port: string): string {
  const text = address.length === 8 ? ipv4Text(address) : ipv6Text(address);
  return `${text.includes(':') ? `[${text}]` : text}:${Number.parseInt(port, 16)}`;
}
