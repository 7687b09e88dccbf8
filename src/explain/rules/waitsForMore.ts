import type { Finding, Request, Ring } from '../../model/sample';
import { type Awaiting, awaitingOf, othersMaySubmit } from '../awaiting';
import { isInFlight } from '../requestStates';
import { inFlight, skewOf, uncollected, unexplained, unsubmitted } from '../ringCounts';
import { type Rule, type Scene, standsStill } from '../rule';
import { indexOf } from '../sampleIndex';
import { counted, processName, ringName, sentence } from '../words';

/**
 * "Thread server (7) waits for 20 completions of ring 1 (fd 3), but no more than 5 can come." Only where every request
 * is known to post one completion and no other thread may submit. A wait that may carry a timeout is no fault, yet told first.
 */
export const waitsForMore: Rule = {
  tag: 'waits-for-more',
  check(scene) {
    const waits = scene.blocked.flatMap((blocked) => {
      const awaiting = awaitingOf(scene.sample, blocked);
      if (!awaiting || othersMaySubmit(scene, awaiting.task)) return [];
      const most = mostToCome(awaiting.ring, indexOf(scene.sample).requests.get(awaiting.ring.id) ?? []);
      // An empty ring has a rule of its own.
      return most === undefined || most === 0 || most >= wanted(awaiting) ? [] : [{ awaiting, most }];
    });
    if (waits.some(({ awaiting }) => standsStill(scene, awaiting.task) === undefined)) return 'look again';
    return waits
      .filter(({ awaiting }) => standsStill(scene, awaiting.task))
      .map(({ awaiting, most }) => finding(scene, awaiting, most));
  },
};

/** The kernel waits for no more than the queue has room for. */
function wanted({ least, ring }: Awaiting): number {
  return Math.min(least, ring.cqEntries ?? least);
}

/** Completions in the queue and those that can still come; undefined where there may be more. */
function mostToCome(ring: Ring, requests: readonly Request[]): number | undefined {
  const pending = inFlight(ring);
  if (!ring.readable || pending === undefined || skewOf(ring) !== undefined || unexplained(ring) > 0) {
    return undefined;
  }
  if (requests.some((request) => isInFlight(request) && mayPostMore(request))) return undefined;
  const published = ring.setup.includes('SQPOLL') || ring.sqpollTid != null ? unsubmitted(ring) : 0;
  return pending + published + uncollected(ring) + (ring.overflowed ?? 0);
}

/** Post two completions (zero copy), or whose flags are not told. */
const MANY = /^(READ_MULTISHOT|RECV_ZC|SEND_ZC|SENDMSG_ZC|URING_CMD|URING_CMD128|UNKNOWN)$/;
const MAY_REPEAT = /^(ACCEPT|RECV|RECVMSG|POLL_ADD)$/;

/** A timer also ends the wait before its count is reached. */
function mayPostMore({ operation, operands = [], sources, state }: Request): boolean {
  if (MANY.test(operation) || (state === 'timeout' && operation === 'TIMEOUT')) return true;
  if (!MAY_REPEAT.test(operation)) return false;
  return !sources.includes('ring memory') || operands.some(({ value }) => /\bMULTI(SHOT)?\b/.test(value));
}

function finding(scene: Scene, awaiting: Awaiting, most: number): Finding {
  const { task, ring, timed } = awaiting;
  const pending = inFlight(ring) ?? 0;
  const ready = uncollected(ring);
  const who = processName({ pid: task.tid, name: task.name });
  const there = [
    `${counted(pending, 'request')} ${pending === 1 ? 'is' : 'are'} in flight`,
    ready > 0 ? `${counted(ready, 'completion')} ${ready === 1 ? 'lies' : 'lie'} in the queue` : '',
  ].filter(Boolean);
  return {
    tag: 'waits-for-more',
    severity: timed ? 'info' : 'warning',
    summary: sentence(
      `thread ${who} waits for ${counted(wanted(awaiting), 'completion')} of ${ringName(ring)}, but no more than ${most} can come: ${timed ? 'only its timeout can end the wait' : 'it would wait for ever'}.`,
    ),
    explanation: `${sentence(there.join(' and '))}, each good for one completion, and no other thread can submit more.${pollerSleeps(scene, ring) ? ' The ring’s submission thread sleeps, for it has nothing to do.' : ''}`,
    remedy:
      'Wait for no more completions than requests are in flight (io_uring_wait_cqe_nr), and take those that are in the queue first.',
    evidence: [{ task: task.tid }, { ring: ring.id }],
  };
}

function pollerSleeps({ sample }: Scene, { sqpollTid }: Ring): boolean {
  return typeof sqpollTid === 'number' && indexOf(sample).tasks.get(sqpollTid)?.state === 'S';
}
