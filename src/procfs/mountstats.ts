import { decodeOctalEscapes } from './escapes';
import { linesOf } from './lines';
import { decimal, decimals } from './numbers';

/** NFS's part of one mount of /proc/PID/mountstats (statvers 1.0 and 1.1). */
export interface NfsMountstats {
  readonly mountPoint: string;
  /** Seconds since the mount. */
  readonly age?: number;
  /** One for each connection (nconnect, 5.3+). */
  readonly transports: readonly NfsTransport[];
  readonly operations: readonly NfsOperation[];
}

export interface NfsTransport {
  readonly protocol: string;
  readonly sends: number;
  readonly receives: number;
  /** Answers to no known call. */
  readonly badXids: number;
  /** Seconds since it was last used; UDP counts none. */
  readonly idle?: number;
}

/** Counts of calls that have ended: one that never ends is in none of them. */
export interface NfsOperation {
  readonly name: string;
  readonly calls: number;
  readonly transmissions: number;
  readonly timeouts: number;
}

/** Where sends, receives and bad XIDs stand among a transport's numbers, and the idle seconds (xprtsock.c, xprtrdma). */
const COLUMNS: Readonly<Record<string, { readonly sends: number; readonly idle?: number }>> = {
  tcp: { sends: 5, idle: 4 },
  rdma: { sends: 5, idle: 4 },
  local: { sends: 4, idle: 3 },
  udp: { sends: 2 },
};

const MOUNT = /^device .{1,8192} mounted on (\/.{0,8192}) with fstype nfs4? statvers=1\.\d{1,2}$/;

/** The NFS mounts of the text. File systems of other types print no statistics. */
export function parseMountstats(text: string): NfsMountstats[] {
  const mounts: NfsMountstats[] = [];
  let current: Growing | undefined;
  for (const line of linesOf(text)) {
    if (line.startsWith('device ')) {
      const mountPoint = MOUNT.exec(line)?.[1];
      current = undefined;
      if (mountPoint === undefined) continue;
      current = { mountPoint: decodeOctalEscapes(mountPoint), transports: [], operations: [] };
      mounts.push(current);
    } else if (current) addLine(current, line);
  }
  return mounts;
}

interface Growing extends NfsMountstats {
  age?: number;
  readonly transports: NfsTransport[];
  readonly operations: NfsOperation[];
}

function addLine(mount: Growing, line: string): void {
  const colon = line.indexOf(':');
  if (colon < 0) return;
  const key = line.slice(0, colon).trim();
  const value = line.slice(colon + 1).trim();
  if (key === 'age') {
    const age = decimal(value);
    if (age !== undefined) mount.age = age;
  } else if (key === 'xprt') {
    const transport = transportOf(value);
    if (transport) mount.transports.push(transport);
  } else if (/^[A-Z][A-Z0-9_]{0,31}$/.test(key)) {
    const [calls, transmissions, timeouts, ...more] = decimals(value) ?? [];
    if (calls === undefined || transmissions === undefined || timeouts === undefined || more.length < 5)
      return;
    mount.operations.push({ name: key, calls, transmissions, timeouts });
  }
}

function transportOf(text: string): NfsTransport | undefined {
  const [protocol = ''] = text.split(/\s/, 1);
  const columns = Object.hasOwn(COLUMNS, protocol) ? COLUMNS[protocol] : undefined;
  if (!columns) return undefined;
  const numbers = decimals(text.slice(protocol.length)) ?? [];
  const [sends, receives, badXids] = numbers.slice(columns.sends);
  if (sends === undefined || receives === undefined || badXids === undefined) return undefined;
  const idle = columns.idle === undefined ? undefined : numbers[columns.idle];
  return { protocol, sends, receives, badXids, ...(idle === undefined ? {} : { idle }) };
}
