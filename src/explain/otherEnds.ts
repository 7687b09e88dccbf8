import { printable } from '../model/printable';
import type { Listener, Request, Resource, Sample, SocketInfo, Task } from '../model/sample';
import type { Blocked } from './blocking';
import { indexOf } from './sampleIndex';
import {
  counted,
  duration,
  grouped,
  inPlural,
  otherEnd,
  processNames,
  resourceName,
  sentence,
  socketName,
} from './words';

/** What tasks wait for at the other ends of their descriptors, and who is there. */
export interface OtherEnds {
  /** Completes "it …"; undefined where the waits are too many to be told one by one. */
  readonly text: string | undefined;
  /** The descriptors, each once. */
  readonly resources: readonly Resource[];
  readonly sentences: readonly string[];
  readonly remedy?: string;
}

/** Descriptors that are told one by one. */
const MOST_TOLD = 3;

/** Of tasks that wait for a peer. A task whose descriptor is not known keeps the words of its kernel function. */
export function otherEndsOf(sample: Sample, blocked: readonly Blocked[]): OtherEnds {
  const { pid } = sample.process;
  const resources = new Map<number, Resource>();
  const carried = carriedRequests(sample, blocked);
  const texts = blocked.map((one) => {
    const { task, on } = one;
    const request = carried.get(task.tid);
    const fd = task.operation === undefined ? on.fd : request?.fd;
    const resource = typeof fd === 'number' ? indexOf(sample).resources.get(fd) : undefined;
    if (resource) resources.set(resource.fd, resource);
    const text = resource
      ? atDescriptor(task, resource, pid)?.replace(
          / on TCP /,
          on.subsystem.startsWith('TLS') ? ' on the TLS connection TCP ' : '$&',
        )
      : on.subsystem === 'FIFO'
        ? opening(sample, task, request)
        : withoutDescriptor(task);
    return text ?? on.text;
  });
  const told = [...resources.values()];
  // Opens of several FIFOs are told by their paths alone.
  const alone = blocked.some(({ on }) => on.subsystem !== 'FIFO') || new Set(texts).size === 1;
  const remedy = remedyFor(told, pid);
  return {
    text: alone ? waitsText(texts) : undefined,
    resources: told,
    // Of one that connects the text has the listener already.
    sentences: told
      .slice(0, MOST_TOLD)
      .flatMap((resource) => socketSentences(resource).slice(0, isConnected(resource) ? 2 : 1)),
    ...(remedy === undefined ? {} : { remedy }),
  };
}

/** The request of each task that carries just one. */
function carriedRequests(
  { requests }: Sample,
  blocked: readonly Blocked[],
): Map<number, Request | undefined> {
  const carriers = new Set(blocked.flatMap(({ task }) => (task.operation === undefined ? [] : [task.tid])));
  const found = new Map<number, Request | undefined>();
  if (carriers.size === 0) return found;
  for (const request of requests) {
    const { worker, state } = request;
    if (worker === undefined || state !== 'running' || !carriers.has(worker)) continue;
    found.set(worker, found.has(worker) ? undefined : request);
  }
  return found;
}

/** Waits that are told one by one. */
const MOST_WAITS = 3;

/** Waits at several descriptors, the most common first. */
function waitsText(texts: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  if (counts.size > MOST_WAITS) return undefined;
  if (counts.size < 2) return texts[0];
  const told = [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([text, count]) => (count === 1 ? `one ${text}` : `${grouped(count)} ${inPlural(text)}`));
  return `wait: ${told.join('; ')}`;
}

const SENDS = /^(p?writev?(64|2)?|send\w*|mq_timedsend|WRITE\w*|SEND\w*)$/;
const RECEIVES = /^(p?readv?(64|2)?|recv\w*|mq_timedreceive|READ\w*|RECV\w*)$/;

/** Undefined for a call that says nothing of a direction. */
function atDescriptor(task: Task, resource: Resource, self: number): string | undefined {
  const call = task.operation ?? task.syscall?.name ?? '';
  const sends = SENDS.test(call);
  if (resource.kind === 'socket') return atSocket(call, sends, resource, task.syscall?.address, self);
  if (!sends && !RECEIVES.test(call)) return undefined;
  const name = resourceName(resource, self);
  switch (resource.kind) {
    case 'pipe':
    case 'fifo':
      return sends ? `waits for room in ${name.replace(/^the /, 'the full ')}` : `waits for data in ${name}`;
    case 'mqueue': {
      const others = resource.peers?.filter(({ pid }) => pid !== self) ?? [];
      const sharing =
        others.length > 0
          ? `, which ${processNames(others)} ${others.length === 1 ? 'has' : 'have'} open, too`
          : '';
      return sends
        ? `waits for room in the full message queue ${name}${sharing}`
        : `waits for a message in the message queue ${name}${sharing}`;
    }
    case 'device':
      return /^\/dev\/(pts\/|tty)/.test(resource.path ?? '')
        ? `waits for the terminal ${name}${otherEnd(resource, self)}`
        : undefined;
    case 'inotify':
    case 'fanotify':
    case 'signalfd':
    case 'eventfd':
    case 'timerfd':
      return `waits for an event of ${name}`;
    default:
      return undefined;
  }
}

function atSocket(
  call: string,
  sends: boolean,
  resource: Resource,
  address: string | undefined,
  self: number,
): string | undefined {
  const { socket, fd } = resource;
  if (!socket) return undefined;
  if (/^connect$/i.test(call)) return connecting(socket, fd, address);
  const name = resourceName(resource, self);
  if (/^accept/i.test(call)) return `waits for a client to connect to ${name}`;
  if (sends) return `waits for room on ${name}${notTaken(socket)}`;
  if (!RECEIVES.test(call)) return undefined;
  const datagram = socket.protocol.startsWith('udp') || socket.type === 'datagram';
  return `waits for ${datagram ? 'a datagram' : 'data'} on ${name}`;
}

function connecting(socket: SocketInfo, fd: number, address: string | undefined): string {
  const { listener, peer, protocol } = socket;
  const name =
    protocol === 'unix' && peer === undefined && address !== undefined
      ? `the unix socket ${printable(address, 120)}`
      : socketName(socket, fd);
  if (listener) return `waits to be connected to ${name}: ${listenerText(listener)}`;
  return protocol === 'unix'
    ? `waits to be connected to ${name}: its listener accepts nobody`
    : `waits for ${name} to be connected: nobody has answered`;
}

/** Why there is no room, where that is known: ": 2,304 bytes are unread there". */
export function notTaken({ peerUnread = 0, probes, retransmits, type }: SocketInfo): string {
  // Of datagrams the kernel tells the length of the next one.
  if (peerUnread > 0 && type === 'datagram') return ': datagrams are unread there';
  if (peerUnread > 0)
    return `: ${counted(peerUnread, 'byte')} ${peerUnread === 1 ? 'is' : 'are'} unread there`;
  if (probes !== undefined) return ': the other side had no room when it last answered';
  return retransmits ? `: the other side does not acknowledge (${counted(retransmits, 'retransmit')})` : '';
}

/** "its listener nginx (812) has 129 connections waiting to be accepted, as many as its backlog of 128 lets". */
export function listenerText({ holders, waiting, limit, name }: Listener): string {
  const at = `the listener at ${printable(name ?? '?', 120)}`;
  const who = holders.length > 0 ? `its listener ${processNames(holders)}` : at;
  const verb = holders.length > 1 ? 'have' : 'has';
  if (waiting === undefined) return `${who} ${verb} not accepted it`;
  const most =
    limit === undefined
      ? ''
      : waiting >= limit
        ? `, all that its backlog of ${grouped(limit)} lets wait`
        : ` (its backlog is ${grouped(limit)})`;
  return `${who} ${verb} ${counted(waiting, 'connection')} waiting to be accepted${most}`;
}

function withoutDescriptor({ syscall }: Task): string | undefined {
  const [first] = syscall?.args ?? [];
  switch (syscall?.name) {
    case 'semop':
    case 'semtimedop':
      return `waits for another process to release a System V semaphore of set ${Number(first)}`;
    case 'msgrcv':
      return `waits for another process to send to the System V message queue ${Number(first)}`;
    case 'msgsnd':
      return `waits for another process to take from the System V message queue ${Number(first)}`;
    default:
      return undefined;
  }
}

/** An open waits in a FIFO until somebody has its other end. */
function opening(
  { namedFiles }: Sample,
  { tid, syscall }: Task,
  request: Request | undefined,
): string | undefined {
  const flags = request?.operands?.find(({ name }) => name === 'open flags')?.value;
  const mode = Number(syscall?.args[syscall.name === 'open' ? 1 : 2]) & 3;
  const whole = namedFiles?.find(({ task }) => task === tid)?.path;
  const path = whole ?? (request ? request.path : syscall?.path);
  if (path === undefined) return undefined;
  const [own, other] = (request ? /\bO_WRONLY\b/.test(flags ?? '') : mode === 1)
    ? ['write', 'read']
    : ['read', 'write'];
  return `waits for another program to open the other end of the FIFO ${printable(path, 200)}: this one opens it to ${own}, and nobody has it open to ${other}`;
}

/** "TCP a → b: ESTABLISHED, 0 bytes unread, 2304 bytes unsent, 3 retransmits; nothing received for 31 s." and who listens. */
export function socketSentences({ fd, socket }: Resource): string[] {
  if (!socket || socket.state === undefined) return [];
  const { state, listener, sinceReceived, probes, retransmits, peerUnread } = socket;
  const facts =
    state === 'LISTEN'
      ? [state, `${socket.receiveQueue ?? 0} connections not accepted`]
      : [
          state,
          `${socket.receiveQueue ?? 0} bytes unread`,
          `${socket.sendQueue ?? 0} bytes unsent`,
          retransmits ? counted(retransmits, 'retransmit') : '',
          peerUnread && socket.type !== 'datagram' ? `${peerUnread} bytes unread at the other end` : '',
          probes === undefined ? '' : counted(probes, 'unanswered window probe'),
        ];
  const silent =
    sinceReceived === undefined || sinceReceived < 1
      ? ''
      : `; nothing received for ${duration(sinceReceived)}`;
  return [
    `${sentence(socketName(socket, fd))}: ${facts.filter(Boolean).join(', ')}${silent}.`,
    ...(listener ? [`${sentence(listenerText(listener))}.`] : []),
  ];
}

function isConnected({ socket }: Resource): boolean {
  return /^(ESTABLISHED|CONNECTED)$/.test(socket?.state ?? '');
}

/** Where others than the process itself must act, which is known of some. */
function remedyFor(resources: readonly Resource[], self: number): string | undefined {
  const others = resources.flatMap(({ peers = [], socket }) => [
    ...peers,
    ...(socket?.listener?.holders ?? []),
  ]);
  const named = new Map(others.filter(({ pid }) => pid !== self).map((process) => [process.pid, process]));
  if (named.size === 0) return undefined;
  const processes = [...named.values()];
  return `Nothing in the kernel is wrong: look at what ${processNames(processes)} ${processes.length === 1 ? 'does' : 'do'} (inspect-io-uring ${processes[0]?.pid}).`;
}
