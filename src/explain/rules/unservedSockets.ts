import type { Finding, Request, Resource, Sample } from '../../model/sample';
import { isListedExactly } from '../certainty';
import { isInFlight } from '../requestStates';
import { unexplained } from '../ringCounts';
import { type Rule, type Scene, standsStill } from '../rule';
import { resourceOf } from '../sampleIndex';
import { counted, resourceName, sentence } from '../words';

/** What a server that only waits for others has in flight. */
const AWAITS_INPUT = /^(ACCEPT|RECV|RECVMSG|READ|READV|READ_MULTISHOT|POLL_ADD)$/;

/** Sockets that the evidence names one by one. */
const MOST_NAMED = 20;

/**
 * "TCP 10.0.0.1:80 → 10.0.0.2:4711 has 512 bytes unread, and nothing waits for them." Only where every request is listed and
 * every thread sleeps in its ring; a program may leave data on purpose while it has other work.
 */
export const unservedSockets: Rule = {
  tag: 'unserved-socket',
  check(scene) {
    const { sample } = scene;
    const unread = sample.resources.filter(hasUnread);
    if (unread.length === 0 || !isKnownWhole(sample) || !sleepsInRings(scene)) return [];
    const pending = sample.requests.filter(isInFlight);
    const named = pending.map((request) => resourceOf(sample, request));
    // A request whose file is not told may be the one for the socket.
    if (pending.some((request, index) => mayBeOfSocket(request, named[index]))) return [];
    const served = new Set(named.map((resource) => resource?.inode ?? resource?.link ?? resource?.fd));
    const watched = new Set(sample.resources.flatMap(({ watches = [] }) => watches));
    const unserved = unread.filter(
      ({ inode, link, fd }) => !served.has(inode ?? link ?? fd) && !watched.has(fd),
    );
    if (unserved.length === 0) return [];
    const threads = sample.tasks.filter(({ kind }) => kind !== 'worker');
    const stills = threads.map((task) => standsStill(scene, task));
    if (stills.includes(undefined)) return 'look again';
    if (stills.includes(false)) return [];
    return [finding(unserved, pending)];
  },
};

function hasUnread({ fd, kind, socket }: Resource): boolean {
  if (kind !== 'socket' || fd <= 2 || (socket?.receiveQueue ?? 0) === 0) return false;
  return socket?.state === 'ESTABLISHED' || socket?.state === 'CLOSE_WAIT';
}

/** No request of any ring is without a row, nor a row in doubt, and nothing lies in a queue. */
function isKnownWhole({ rings, requests, notVisible }: Sample): boolean {
  return (
    rings.length > 0 &&
    rings.every(
      (ring) =>
        ring.readable &&
        isListedExactly(ring) &&
        unexplained(ring) === 0 &&
        ring.sqHead === ring.sqTail &&
        ring.cqHead === ring.cqTail,
    ) &&
    requests.every(({ certainty }) => certainty !== 'ambiguous') &&
    !notVisible.some(({ what }) => what.startsWith('open files'))
  );
}

/** At least one thread waits for completions, and none could read the socket by other means: in epoll, poll or by itself. */
function sleepsInRings({ sample, blocked }: Scene): boolean {
  const waits = new Map(blocked.map(({ task, cause, on }) => [task.tid, { cause, on }]));
  const threads = sample.tasks.filter(({ kind }) => kind === 'thread');
  const inRing = (tid: number) => {
    const wait = waits.get(tid);
    return wait?.cause === 'completions' && wait.on.subsystem === 'io_uring';
  };
  return threads.length > 0 && threads.every(({ tid }) => inRing(tid));
}

function mayBeOfSocket({ operation, fd, fixedFile }: Request, resource: Resource | undefined): boolean {
  if (resource || /^(TIMEOUT|LINK_TIMEOUT|FUTEX_WAIT|FUTEX_WAITV|WAITID|NOP)$/.test(operation)) return false;
  return fd !== undefined || fixedFile !== undefined;
}

function finding(unserved: readonly Resource[], pending: readonly Request[]): Finding {
  const [first] = unserved;
  const idle = pending.every(({ state, operation }) => state === 'polling' && AWAITS_INPUT.test(operation));
  const bytes = unserved.reduce((sum, { socket }) => sum + (socket?.receiveQueue ?? 0), 0);
  const what =
    unserved.length === 1 && first
      ? `${resourceName(first)} has ${counted(bytes, 'byte')} unread`
      : `${counted(unserved.length, 'socket')} have ${counted(bytes, 'byte')} unread`;
  return {
    tag: 'unserved-socket',
    severity: idle ? 'warning' : 'info',
    summary: sentence(`${what}, and no request of any ring waits for ${bytes === 1 ? 'it' : 'them'}.`),
    explanation: `Every request in flight is listed and none is about ${unserved.length === 1 ? 'this socket' : 'these sockets'}; every thread sleeps until a request completes.${idle ? '' : ' The program has other requests in flight and may read on when these are done.'}`,
    remedy:
      'See where the program should have armed the next RECV, READ or POLL: after an error, an ended multishot (a completion without IORING_CQE_F_MORE) or a lack of buffers.',
    evidence: unserved.slice(0, MOST_NAMED).map(({ fd }) => ({ fd })),
  };
}
