import type { Ring, Sample, Task } from '../model/sample';
import { ringOfSubmitter } from '../sample/carried';
import type { Blocked } from './blocking';
import { unsubmitted } from './ringCounts';

/** The rings that a task held while it submits, a thread or an SQPOLL thread, takes nothing from meanwhile. */
export function heldRings({ rings }: Sample, task: Task): readonly Ring[] {
  if (task.operation === undefined || task.kind === 'worker') return [];
  if (task.kind === 'sqpoll') {
    const polled = rings.filter(({ setup }) => setup.includes('SQPOLL'));
    return polled.filter(
      ({ sqpollTid }) => sqpollTid === task.tid || (sqpollTid == null && polled.length === 1),
    );
  }
  const id = ringOfSubmitter(task, rings);
  return rings.filter((ring) => ring.id === id);
}

/** Requests in the submission queues of those rings, which stand behind the one it is held with. */
export function behindSubmission(sample: Sample, task: Task): number {
  return heldRings(sample, task).reduce((sum, ring) => sum + unsubmitted(ring), 0);
}

/** Whether somebody is held while submitting to a ring: what stands in its queue is not forgotten. */
export function isSubmissionHeld(sample: Sample, blocked: readonly Blocked[], { id }: Ring): boolean {
  return blocked.some(({ task, on }) => !on.idle && heldRings(sample, task).some((ring) => ring.id === id));
}
