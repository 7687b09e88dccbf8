import type { Blindness, Listener, ProcessName, Resource, Sample, SocketInfo } from '../model/sample';
import type { ListResult } from '../probe/protocol';
import type { InetRow } from '../procfs/inet';
import type { Target } from '../target/target';
import { Holders } from './holders';
import { listedElsewhere } from './listedElsewhere';
import { tcpEnds } from './tcpEnds';
import { unixEnds } from './unixEnds';
import { type WaitedFor, waitedFor } from './waitedFor';

/** What the socket at a descriptor is connected to, before it is known who holds that. */
export interface OtherEnd {
  readonly fd: number;
  /** What was learned of the socket itself. */
  readonly socket: Partial<SocketInfo>;
  /** Link of the descriptors that are its other end. */
  readonly link?: string;
  readonly listener?: Omit<Listener, 'holders'> & { readonly link: string };
}

export interface OtherEnds {
  readonly resources: readonly Resource[];
  readonly blind: readonly Blindness[];
}

export interface EndsAsked {
  /** A listing of /proc. */
  readonly processes: ListResult | undefined;
  /** All TCP sockets of the process's network namespace. */
  readonly tcp: readonly InetRow[];
  /** What a look a moment ago found: names stand that it has. */
  readonly known: readonly Resource[];
}

/** Descriptors whose other ends are looked for in one look. */
const MOST = 64;

const SOUGHT: ReadonlySet<string> = new Set(['socket', 'fifo', 'mqueue', 'device']);

/**
 * Names the processes at the other ends of what threads and requests wait for: sockets, FIFOs, message queues, terminals; nothing
 * is asked of anything else.
 */
export async function findOtherEnds(
  target: Target,
  sample: Sample,
  { processes, tcp, known }: EndsAsked,
): Promise<OtherEnds> {
  const { resources, process, rights } = sample;
  const waited = waitedFor(sample, MOST).filter(({ kind }) => SOUGHT.has(kind));
  if (waited.length === 0) return { resources, blind: [] };
  const { ends, blind } = await socketEnds(target, process.pid, waited, tcp);
  const before = new Map(known.map((resource) => [resource.fd, resource]));
  const holders = new Holders(target, processes);
  const found = new Map<number, Resource>();
  for (const one of waited) {
    const end = ends.get(one.resource.fd);
    const bare = withEnd(one, end);
    const stood = rememberedEnd(bare, before.get(bare.fd));
    if (stood) found.set(bare.fd, stood);
    else holders.want(bare, end?.link, end?.listener?.link);
  }
  for (const resource of await holders.search()) found.set(resource.fd, resource);
  const hidden = waited.filter(({ resource: { fd } }) => {
    const { peers, socket } = found.get(fd) ?? {};
    return ends.get(fd)?.link !== undefined && peers === undefined && socket?.listener === undefined;
  });
  return {
    resources: resources.map((resource) => found.get(resource.fd) ?? resource),
    blind: [...blind, ...(hidden.length > 0 && rights.uid !== 0 ? [hiddenHolders(hidden, process.pid)] : [])],
  };
}

/** The resource as the wait tells it, with what was learned of its socket. */
function withEnd({ resource, kind }: WaitedFor, end: OtherEnd | undefined): Resource {
  if (kind === 'mqueue') return messageQueue(resource);
  if (kind === 'fifo') return { ...resource, kind, end: endOf(resource) };
  // One that the kernel tells of, and no table of the process: of the reader's network namespace, and not of the process's.
  const known = resource.socket ?? (end?.link === undefined ? undefined : UNIX);
  if (!known || !end) return resource;
  const { listener } = end;
  const { link: _, ...backlog } = listener ?? { link: '' };
  return {
    ...resource,
    socket: {
      ...known,
      ...end.socket,
      ...(listener ? { listener: { ...backlog, holders: [] } } : {}),
    },
  };
}

/** Its link looks like a path in the root directory, and is in no file system that is mounted for it. */
function messageQueue({ fd, path, deleted, inode, openFlags }: Resource): Resource {
  return {
    fd,
    kind: 'mqueue',
    ...(path === undefined ? {} : { path }),
    ...(deleted ? { deleted } : {}),
    ...(inode === undefined ? {} : { inode }),
    ...(openFlags ? { openFlags } : {}),
  };
}

function endOf({ openFlags }: Resource): 'read' | 'write' | 'both' {
  if (openFlags?.includes('O_WRONLY')) return 'write';
  return openFlags?.includes('O_RDWR') ? 'both' : 'read';
}

const UNIX: SocketInfo = { protocol: 'unix' };

/** With the names of a moment ago, where it is still the same descriptor and connection. */
function rememberedEnd(now: Resource, before: Resource | undefined): Resource | undefined {
  const same =
    before?.link === now.link &&
    before?.path === now.path &&
    before?.kind === now.kind &&
    before.socket?.peer === now.socket?.peer &&
    before.socket?.listener?.name === now.socket?.listener?.name;
  const listening: readonly ProcessName[] = before?.socket?.listener?.holders ?? [];
  if (!same || (before?.peers === undefined && listening.length === 0)) return undefined;
  const { socket } = now;
  return {
    ...now,
    ...(before?.peers ? { peers: before.peers } : {}),
    ...(socket?.listener
      ? { socket: { ...socket, listener: { ...socket.listener, holders: listening } } }
      : {}),
  };
}

async function socketEnds(
  target: Target,
  pid: number,
  waited: readonly WaitedFor[],
  table: readonly InetRow[],
): Promise<{ readonly ends: ReadonlyMap<number, OtherEnd>; readonly blind: readonly Blindness[] }> {
  const sockets = waited.flatMap(({ kind, resource: { fd, socket, inode }, task }) =>
    kind === 'socket' && inode !== undefined ? [{ fd, socket, inode, address: task?.syscall?.address }] : [],
  );
  if (sockets.length === 0) return { ends: new Map(), blind: [] };
  const listed = sockets.flatMap(({ socket, ...one }) => (socket ? [{ ...one, socket }] : []));
  const asked = sockets
    .filter(({ socket }) => !socket || (socket.protocol === 'unix' && socket.state !== 'LISTENING'))
    .map(({ fd, inode, address }) => ({ fd, inode, ...(address === undefined ? {} : { address }) }));
  const isNear = await sharesNetwork(target, pid);
  const [tcp, unix] = await Promise.all([
    tcpEnds(table, listed, isNear ? target.sockets : undefined),
    target.sockets
      ? unixEnds(target, pid, asked, target.sockets)
      : { ends: [], untold: asked.map(({ fd }) => fd) },
  ]);
  const untold = sockets.filter(({ fd }) => unix.untold.includes(fd));
  return {
    ends: new Map([...tcp, ...unix.ends].map((end) => [end.fd, end])),
    blind: untold.length === 0 || target.frozen ? [] : await blindTo(target, pid, untold, isNear),
  };
}

/** The kernel tells of the reader's own network namespace alone; undefined where it is not known whether the process is in that. */
async function sharesNetwork(target: Target, pid: number): Promise<boolean | undefined> {
  if (target.self === undefined) return undefined;
  const [own, its] = await target.link([`/proc/${target.self}/ns/net`, `/proc/${pid}/ns/net`]);
  return own?.ok && its?.ok ? own.target === its.target : undefined;
}

interface Untold {
  readonly fd: number;
  readonly inode: number;
  readonly socket: SocketInfo | undefined;
}

async function blindTo(
  target: Target,
  pid: number,
  untold: readonly Untold[],
  isNear: boolean | undefined,
): Promise<Blindness[]> {
  const rows: Blindness[] = [];
  if (untold.some(({ socket }) => socket)) rows.push(unnamed(pid, isNear));
  const unlisted = untold.filter(({ socket }) => !socket);
  const others = unlisted.length > 0 ? await listedElsewhere(target, pid) : new Set();
  const strange = unlisted.filter(({ inode }) => !others.has(inode));
  if (strange.length > 0) {
    rows.push({
      what: `what the socket at descriptor ${descriptors(strange)} is connected to`,
      why: 'it is not of the network namespace of its process, as one is that a process of another container connected or handed over, or /proc does not list its kind',
    });
  }
  return rows;
}

function unnamed(pid: number, isNear: boolean | undefined): Blindness {
  const what = 'who is at the other end of unix sockets';
  if (isNear)
    return { what, why: 'the kernel does not tell: it has no unix_diag', remedy: 'modprobe unix_diag' };
  const nsenter = { remedy: `sudo nsenter --net -t ${pid} inspect-io-uring ${pid}` };
  return isNear === false
    ? {
        what,
        why: 'the process is in another network namespace than the inspector, and /proc does not tell',
        ...nsenter,
      }
    : {
        what,
        why: 'the process may be in another network namespace than the inspector, and /proc does not tell',
        ...nsenter,
      };
}

function descriptors(of: readonly { readonly fd: number }[]): string {
  return of
    .slice(0, 5)
    .map(({ fd }) => fd)
    .join(', ');
}

function hiddenHolders(hidden: readonly WaitedFor[], pid: number): Blindness {
  return {
    what: `who is at the other end of the socket at descriptor ${descriptors(hidden.map(({ resource }) => resource))}`,
    why: 'no process whose files this user may see has it',
    remedy: `run with sudo: sudo inspect-io-uring ${pid}`,
    missing: 'root',
  };
}
