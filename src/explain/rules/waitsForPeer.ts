import type { Finding, Request, Resource, Ring, Sample } from '../../model/sample';
import { onlyTarget } from '../operationTargets';
import { unexplained } from '../ringCounts';
import type { Rule } from '../rule';
import { counted, joined, operationNoun, resourceName, ringName, sentence } from '../words';

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
  EPOLL_WAIT: 'for an event of an epoll set',
};

/** Between the wait and its file. */
const PREPOSITION: Readonly<Record<string, string>> = {
  READ: 'in',
  READV: 'in',
  WRITE: 'in',
  WRITEV: 'in',
  ACCEPT: 'to',
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
    return sample.rings.flatMap((ring) => {
      const polling = sample.requests
        .map((request, index) => ({ request, index }))
        .filter(({ request }) => request.ring === ring.id && request.state === 'polling');
      return polling.length === 0 ? [] : [finding(sample, ring, polling, held ? 0 : unexplained(ring))];
    });
  },
};

function finding(
  sample: Sample,
  ring: Ring,
  polling: readonly { request: Request; index: number }[],
  more: number,
): Finding {
  const byOperation = new Map<string, number>();
  for (const { request } of polling) {
    byOperation.set(request.operation, (byOperation.get(request.operation) ?? 0) + 1);
  }
  const named: Resource[] = [];
  const parts = [...byOperation].map(([operation, count]) => {
    const resource = onlyTarget(sample, operation);
    if (resource) named.push(resource);
    const on = resource
      ? ` ${PREPOSITION[operation] ?? 'on'} ${resourceName(resource, sample.process.pid)}`
      : '';
    const verb = count === 1 ? 'waits' : 'wait';
    return `${counted(count, operationNoun(operation))} ${verb} ${AWAITS[operation] ?? 'until its file is ready'}${on}`;
  });
  const behind =
    more > 0
      ? `; ${counted(more, 'more request')} ${more === 1 ? 'is' : 'are'} in flight behind or beside ${polling.length === 1 ? 'it' : 'them'}`
      : '';
  return {
    tag: 'waits-for-peer',
    severity: 'info',
    summary: `${sentence(joined(parts))}${behind}. Nothing is broken.`,
    explanation: [
      `The requests of ${ringName(ring)} are armed for readiness: they go on by themselves as soon as the file at the other side is ready.`,
      more > 0
        ? 'Requests without a row are linked or drained behind another one, timers, futex or child waits, or counted twice because a finished request posted no completion.'
        : '',
      ...named.flatMap(ends),
    ]
      .filter(Boolean)
      .join(' '),
    remedy:
      'If it should have gone on by now, look at the program at the other end; a request can be cancelled or given a linked timeout.',
    evidence: [
      { ring: ring.id },
      ...polling.map(({ index }) => ({ request: index })),
      ...named.map(({ fd }) => ({ fd })),
    ],
  };
}

function ends(resource: Resource): string[] {
  const { socket } = resource;
  if (!socket || socket.state === undefined) return [];
  const queues = `${socket.receiveQueue ?? 0} bytes unread, ${socket.sendQueue ?? 0} bytes unsent`;
  const what = socket.state === 'LISTEN' ? `${socket.receiveQueue ?? 0} connections not accepted` : queues;
  return [`${sentence(resourceName(resource))}: ${socket.state}, ${what}.`];
}
