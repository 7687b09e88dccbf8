import { printable } from '../model/printable';
import type { ProcessName, Resource, Ring, SocketInfo } from '../model/sample';

/** "1 read", "8 reads", "1,234 reads". */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${count === 1 ? noun : plural(noun)}`;
}

/** Thousands apart, the same in every locale, because reports are compared. */
export function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

function plural(noun: string): string {
  const described = /^(\w+)( to .+)$/.exec(noun);
  if (described) return `${plural(described[1] ?? '')}${described[2]}`;
  if (/(s|x|ch|sh)$/.test(noun)) return `${noun}es`;
  return `${noun}s`;
}

/** "31 s", "0.4 s", "2 min 5 s", "3 h 12 min". */
export function duration(seconds: number): string {
  if (seconds < 10) return `${Math.max(0, Math.round(seconds * 10) / 10)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} days ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/** "a", "a and b", "a, b and c". */
export function joined(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('');
  return `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}

const NOUNS: Readonly<Record<string, string>> = {
  READ: 'read',
  READV: 'read',
  READ_FIXED: 'read',
  READ_MULTISHOT: 'multishot read',
  WRITE: 'write',
  WRITEV: 'write',
  WRITE_FIXED: 'write',
  OPENAT: 'open',
  OPENAT2: 'open',
  FSYNC: 'fsync',
  RENAMEAT: 'rename',
  UNLINKAT: 'unlink',
  MKDIRAT: 'mkdir',
  SYMLINKAT: 'symlink',
  LINKAT: 'link',
  POLL_ADD: 'poll',
  POLL_REMOVE: 'poll removal',
  UNKNOWN: 'operation',
  RECVMSG: 'recv',
  SENDMSG: 'send',
  SEND_ZC: 'send',
  SENDMSG_ZC: 'send',
  RECV_ZC: 'recv',
  SYNC_FILE_RANGE: 'sync_file_range',
  URING_CMD: 'driver command',
  URING_CMD128: 'driver command',
  FUTEX_WAIT: 'futex wait',
  FUTEX_WAITV: 'futex wait',
  EPOLL_WAIT: 'epoll wait',
};

/** What people call an operation: READ_FIXED → read. */
export function operationNoun(operation: string): string {
  return NOUNS[operation] ?? operation.toLowerCase();
}

/** An operation as a row shows it: the kernel’s name, or “operation” where only the completion is known. */
export function operationLabel(operation: string): string {
  return operation === 'UNKNOWN' ? 'operation' : operation;
}

/** "4 writes", "2 opens, 1 fsync and 1 rename" from many operations. */
export function operationCounts(operations: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const operation of operations) {
    const noun = operationNoun(operation);
    counts.set(noun, (counts.get(noun) ?? 0) + 1);
  }
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  return joined(sorted.map(([noun, count]) => counted(count, noun)));
}

/** "waits for …" said of several: "wait for …"; "is stopped" → "are stopped". */
export function inPlural(text: string): string {
  return text.replace(/^(\w+)/, (verb) => (verb === 'is' ? 'are' : verb.replace(/s$/, '')));
}

/** "sshfs (812)". */
export function processName(process: ProcessName): string {
  return `${printable(process.name, 64)} (${process.pid})`;
}

/** "ring 1 (fd 5)". */
export function ringName(ring: Pick<Ring, 'id' | 'fd'>): string {
  return ring.fd === null ? `ring ${ring.id}` : `ring ${ring.id} (fd ${ring.fd})`;
}

/** One line that names what a descriptor is, for people. */
export function resourceName(resource: Resource, self?: number): string {
  const { kind } = resource;
  if (kind === 'fifo' && resource.path !== undefined)
    return `the FIFO ${printable(resource.path, 200)}${pipeEnd(resource, self)}`;
  if (resource.path !== undefined) return printable(resource.path, 200);
  switch (kind) {
    case 'pipe':
      return `the pipe at descriptor ${resource.fd}${pipeEnd(resource, self)}`;
    case 'socket':
      return resource.socket
        ? `${socketName(resource.socket, resource.fd)}${otherEnd(resource, self)}`
        : `the socket at descriptor ${resource.fd}`;
    case 'epoll':
      return `the epoll set at descriptor ${resource.fd}`;
    default:
      return `the ${kind === 'unknown' || kind === 'anonymous' ? 'object' : kind} at descriptor ${resource.fd}`;
  }
}

function pipeEnd(resource: Resource, self: number | undefined): string {
  const { peers, end } = resource;
  if (!peers || !end || end === 'both') return '';
  const role = end === 'read' ? 'writer' : 'reader';
  if (peers.length === 0) return `, which has no ${role}`;
  if (peers.length === 1 && peers[0]?.pid === self) return `, whose only ${role} is the process itself`;
  return `, whose ${role}${peers.length === 1 ? ' is' : 's are'} ${processNames(peers)}`;
}

/** "sshd (1), sshd (2), sshd (3) and 4 more". */
export function processNames(processes: readonly ProcessName[]): string {
  const shown = processes.slice(0, 3).map(processName);
  return joined(processes.length > 3 ? [...shown, `${processes.length - 3} more`] : shown);
}

/** ", whose other end is nginx (812)", or who has not accepted the connection; empty where nobody is known. */
export function otherEnd({ peers, socket }: Resource, self?: number): string {
  if (peers?.length === 1 && peers[0]?.pid === self) return ', whose other end the process itself holds';
  if (peers?.length) return `, whose other end is ${processNames(peers)}`;
  const listening = socket?.listener?.holders ?? [];
  return listening.length > 0 && isEstablished(socket)
    ? `, which ${processNames(listening)} ${listening.length === 1 ? 'has' : 'have'} not accepted`
    : '';
}

function isEstablished(socket: SocketInfo | undefined): boolean {
  return socket?.state === 'ESTABLISHED' || socket?.state === 'CONNECTED';
}

/** "TCP 10.0.0.1:4711 → 10.0.0.2:80". */
export function socketName(socket: SocketInfo, fd: number): string {
  const protocol = socket.protocol === 'unix' ? 'the unix socket' : socket.protocol.slice(0, 3).toUpperCase();
  const local = socket.local === undefined ? `at descriptor ${fd}` : printable(socket.local, 120);
  return socket.peer === undefined
    ? `${protocol} ${local}`
    : `${protocol} ${local} → ${printable(socket.peer, 120)}`;
}

/** The first letter in upper case. */
export function sentence(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
