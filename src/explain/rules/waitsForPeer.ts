import type { Finding, Request, Resource, Ring, Sample } from '../../model/sample';
import { commandAwaits } from '../awaitedThings';
import { isListedExactly, unplaced } from '../certainty';
import { watched } from '../eventLoops';
import { chainedBehind, type Place, placesOf } from '../listedRequests';
import { onlyTarget } from '../operationTargets';
import { listenerText, notTaken, socketSentences } from '../otherEnds';
import { insideRing, ringAt } from '../polledRings';
import { seenSentence } from '../requestAge';
import type { Rule } from '../rule';
import { indexOf, resourceOf } from '../sampleIndex';
import { counted, inPlural, joined, operationNoun, resourceName, ringName, sentence } from '../words';
import { pilesUp } from './armedPolls';

/** What an armed poll of an operation waits for, after "waits". */
const AWAITS: Readonly<Record<string, string>> = {
  ACCEPT: 'for a client to connect',
  CONNECT: 'for the server to answer',
  RECV: 'for the peer to send',
  RECVMSG: 'for the peer to send',
  RECV_ZC: 'for the peer to send',
  SEND: 'until the peer takes data',
  SENDMSG: 'until the peer takes data',
  SEND_ZC: 'until the peer takes data',
  SENDMSG_ZC: 'until the peer takes data',
  READ: 'for data',
  READV: 'for data',
  READ_FIXED: 'for data',
  READ_MULTISHOT: 'for data',
  WRITE: 'for room',
  WRITEV: 'for room',
  WRITE_FIXED: 'for room',
  POLL_ADD: 'for an event',
  EPOLL_WAIT: 'for an event',
};

/** Between the wait and its file. */
const PREPOSITION: Readonly<Record<string, string>> = {
  READ: 'in',
  READV: 'in',
  WRITE: 'in',
  WRITEV: 'in',
  ACCEPT: 'to',
  EPOLL_WAIT: 'of',
};

/**
 * "200 reads wait for data in the pipe at descriptor 3 (writer: server (4242))." The normal waits: armed polls,
 * which the other end must end. Nothing is broken.
 */
export const waitsForPeer: Rule = {
  tag: 'waits-for-peer',
  check({ sample, blocked }) {
    // What stands behind held workers is told with them.
    const held = blocked.some(({ task, on }) => task.operation !== undefined && !on.idle);
    const rings = new Map<number | null, Place[]>();
    for (const place of placesOf(sample, ({ state }) => state === 'polling')) {
      const { ring } = place.request;
      const places = rings.get(ring);
      if (places) places.push(place);
      else rings.set(ring, [place]);
    }
    return sample.rings.flatMap((ring) => {
      const polling = rings.get(ring.id);
      return polling ? [finding(sample, ring, polling, held)] : [];
    });
  },
};

/** Files of armed requests that the evidence names one by one. */
const MOST_NAMED = 20;

function finding(sample: Sample, ring: Ring, polling: readonly Place[], held: boolean): Finding {
  const byOperation = new Map<string, Request[]>();
  for (const { request } of polling) {
    const alike = byOperation.get(request.operation);
    if (alike) alike.push(request);
    else byOperation.set(request.operation, [request]);
  }
  const named: Resource[] = [];
  const parts = [...byOperation].map(([operation, requests]) => {
    const count = requests.length;
    const resources = targets(sample, operation, requests);
    named.push(...resources);
    const verb = count === 1 ? 'waits' : 'wait';
    const whom = operation.startsWith('URING_CMD')
      ? sharedText(requests, (one) => commandAwaits(sample, one))
      : undefined;
    if (whom !== undefined)
      return `${counted(count, operationNoun(operation))} ${count === 1 ? whom : inPlural(whom)}`;
    return `${counted(count, operationNoun(operation))} ${verb} ${AWAITS[operation] ?? 'until its file is ready'}${on(sample, operation, resources)}`;
  });
  const chained = chainedBehind(sample, new Set(polling.map(({ index }) => index)), !held);
  const counts = held ? 0 : unplaced(sample, ring);
  const more = counts + chained.length;
  const behind = `${more === 1 ? 'is' : 'are'} in flight behind or beside`;
  const waits = more === 1 ? 'waits' : 'wait';
  const it = polling.length === 1 ? 'it' : 'them';
  const rest =
    more > 0 ? `; ${counted(more, 'more request')} ${counts > 0 ? behind : `${waits} behind`} ${it}` : '';
  return {
    tag: 'waits-for-peer',
    severity: 'info',
    summary: `${sentence(joined(parts))}${rest}.${pilesUp(sample, ring) ? '' : ' Nothing is broken.'}`,
    explanation: [
      `The requests of ${ringName(ring)} are armed for readiness: they go on by themselves as soon as the file at the other side is ready.`,
      seenSentence(polling.map(({ request }) => request)),
      counts > 0
        ? 'Requests without a row are linked or drained behind another one, timers, futex or child waits, or counted twice because a finished request posted no completion.'
        : '',
      counts === 0 && chained.length > 0
        ? 'Linked and drained requests start only when those before them are done.'
        : '',
      endless(sample, ring, polling.length),
      ...named.slice(0, 3).flatMap(socketSentences),
    ]
      .filter(Boolean)
      .join(' '),
    remedy:
      'If it should have gone on by now, look at the program at the other end; a request can be cancelled or given a linked timeout.',
    evidence: [
      { ring: ring.id },
      ...polling.map(({ index }) => ({ request: index })),
      ...named.slice(0, MOST_NAMED).map(({ fd }) => ({ fd })),
    ],
  };
}

/** So many armed requests may be those of a program that gives up and forgets to cancel. */
const MANY = 32;

/** Many requests that only their peers end, for no timer is set beside them. */
function endless(sample: Sample, ring: Ring, count: number): string {
  const rows = indexOf(sample).requests.get(ring.id) ?? [];
  const timed = rows.some(({ operation, state }) => state === 'timeout' || operation === 'LINK_TIMEOUT');
  if (count < MANY || timed || !isListedExactly(ring)) return '';
  return 'No timer of the ring ends them: what the program has given up is armed until the program cancels it.';
}

/** The files that requests of one operation await: as they say it themselves, else the only one that fits. */
function targets(sample: Sample, operation: string, requests: readonly Request[]): Resource[] {
  const said = new Set<Resource>();
  for (const request of requests) {
    const resource = resourceOf(sample, request);
    if (!resource) {
      const only = onlyTarget(sample, operation);
      return only ? [only] : [];
    }
    said.add(resource);
  }
  return [...said];
}

/** Kinds of files that have a plural. */
const PLURAL: ReadonlySet<string> = new Set(['pipe', 'fifo', 'socket', 'eventfd', 'timerfd']);

/** " on the socket …", " on 12 sockets"; empty where it is not known. */
function on(sample: Sample, operation: string, resources: readonly Resource[]): string {
  const [first] = resources;
  if (!first) return '';
  const polled = resources.length === 1 ? ringAt(sample, first) : undefined;
  if (polled) return ` of ${ringName(polled)}, ${insideRing(sample, polled)}`;
  const kinds = new Set(resources.map(({ kind }) => (PLURAL.has(kind) ? kind : 'descriptor')));
  const what =
    resources.length === 1
      ? `${resourceName(first, sample.process.pid)}${members(sample, first)}`
      : counted(resources.length, kinds.size === 1 && PLURAL.has(first.kind) ? first.kind : 'descriptor');
  return ` ${PREPOSITION[operation] ?? 'on'} ${what}${resources.length === 1 ? why(operation, first) : ''}`;
}

/** What of the other end shows why a connection is not made, or nothing can be sent. */
function why(operation: string, { socket }: Resource): string {
  if (!socket) return '';
  if (operation === 'CONNECT') return socket.listener ? `: ${listenerText(socket.listener)}` : '';
  return /^(SEND|WRITE)/.test(operation) ? notTaken(socket) : '';
}

/** " (1 pipe and 1 eventfd)" of an epoll set. */
function members(sample: Sample, resource: Resource): string {
  const kinds = resource.kind === 'epoll' ? watched(sample, resource) : undefined;
  return kinds === undefined ? '' : ` (${kinds})`;
}

/** What is said of all alike. */
function sharedText(
  requests: readonly Request[],
  text: (request: Request) => string | undefined,
): string | undefined {
  const texts = new Set(requests.map(text));
  const [only] = texts;
  return texts.size === 1 ? only : undefined;
}
