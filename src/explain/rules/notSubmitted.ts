import type { Finding, Ring, Task } from '../../model/sample';
import { awaitingOf } from '../awaiting';
import { before, type Rule, type Scene } from '../rule';
import { isSubmissionHeld } from '../submitters';
import { counted, processName, ringName, sentence } from '../words';

/**
 * "5 requests sit in the submission queue; the program never called io_uring_enter." With SQPOLL: "3 requests
 * are queued, but the kernel’s submission thread sleeps and the program has not woken it."
 */
export const notSubmitted: Rule = {
  tag: 'not-submitted',
  check(scene) {
    const findings: Finding[] = [];
    for (const ring of scene.sample.rings) {
      const count = queued(ring);
      if (count === 0 || isSubmissionHeld(scene.sample, scene.blocked, ring)) continue;
      if (!scene.other && !scene.last) return 'look again';
      const earlier = before(scene, ring);
      if (scene.other && (earlier === undefined || earlier.sqHead !== ring.sqHead || queued(earlier) === 0))
        continue;
      findings.push(finding(scene, ring, count));
    }
    return findings;
  },
};

function queued(ring: Ring): number {
  return ring.sqTail === undefined || ring.sqHead === undefined ? 0 : (ring.sqTail - ring.sqHead) >>> 0;
}

function finding(scene: Scene, ring: Ring, count: number): Finding {
  const poller = pollerOf(scene, ring);
  const evidence = scene.sample.requests.flatMap((request, index) =>
    request.ring === ring.id && request.state === 'prepared' ? [{ request: index }] : [],
  );
  const common = { severity: 'warning' as const, evidence: [{ ring: ring.id }, ...evidence] };
  const requests = counted(count, 'request');
  if (poller) {
    return {
      ...common,
      tag: 'sqpoll-asleep',
      summary: `${sentence(requests)} ${count === 1 ? 'is' : 'are'} queued, but the kernel’s submission thread ${poller.tid} sleeps and the program has not woken it.`,
      explanation:
        'After sq_thread_idle without work the SQPOLL thread sleeps and sets IORING_SQ_NEED_WAKEUP; from then on the program must call io_uring_enter with IORING_ENTER_SQ_WAKEUP.',
      remedy:
        'Check the flag after publishing the tail, with a full memory barrier between (io_uring_submit does).',
      evidence: [{ task: poller.tid }, ...common.evidence],
    };
  }
  const waiter = waiterOf(scene, ring);
  return {
    ...common,
    tag: 'not-submitted',
    summary: `${sentence(requests)} ${count === 1 ? 'sits' : 'sit'} in the submission queue of ${ringName(ring)}; the program has not called io_uring_enter for ${count === 1 ? 'it' : 'them'}${waiter ? `, yet thread ${processName({ pid: waiter.tid, name: waiter.name })} waits for completions` : ''}.`,
    explanation: `The program published the tail of its submission queue and went on without submitting: the kernel has not seen these requests.${waiter ? ' The thread entered the kernel to wait, not to submit (to_submit 0).' : ''}`,
    remedy:
      'Call io_uring_submit (io_uring_enter with to_submit) after preparing requests, also on the path that leads here.',
    ...(waiter ? { evidence: [{ task: waiter.tid }, ...common.evidence] } : {}),
  };
}

/** A thread that waits for completions of the ring without having submitted anything in this call. */
function waiterOf(scene: Scene, ring: Ring): Task | undefined {
  for (const blocked of scene.blocked) {
    const awaiting = awaitingOf(scene.sample, blocked);
    if (awaiting?.ring === ring && Number(awaiting.task.syscall?.args[1]) === 0) return awaiting.task;
  }
  return undefined;
}

/** The ring’s SQPOLL thread when it sleeps. */
function pollerOf(scene: Scene, ring: Ring): Task | undefined {
  if (!ring.setup.includes('SQPOLL')) return undefined;
  return scene.sample.tasks.find(
    (t) => t.kind === 'sqpoll' && t.state !== 'R' && (ring.sqpollTid == null || t.tid === ring.sqpollTid),
  );
}
