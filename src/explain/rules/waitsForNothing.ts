import type { Finding, Ring, Task } from '../../model/sample';
import { awaitingOf, othersMaySubmit } from '../awaiting';
import { type Rule, standsStill } from '../rule';
import { processName, ringName, sentence } from '../words';

/**
 * "It waits for a completion, but nothing is pending: it would wait for ever." Unless another thread may yet submit: many programs
 * collect completions in a thread of its own.
 */
export const waitsForNothing: Rule = {
  tag: 'waits-for-nothing',
  check(scene) {
    for (const blocked of scene.blocked) {
      const awaiting = awaitingOf(scene.sample, blocked);
      if (!awaiting || !empty(awaiting.ring)) continue;
      const { task, ring, timed } = awaiting;
      const still = standsStill(scene, task);
      if (still === undefined) return 'look again';
      if (!still) continue;
      return [othersMaySubmit(scene, task) ? resting(task, ring) : forgotten(task, ring, timed)];
    }
    return [];
  },
};

function forgotten(task: Task, ring: Ring, timed: boolean): Finding {
  const end = timed ? 'only a timeout can end the wait' : 'it would wait for ever';
  return {
    ...common(task, ring),
    severity: 'warning',
    summary: sentence(
      `thread ${who(task)} waits for a completion of ${ringName(ring)}, but nothing is pending there: ${end}.`,
    ),
    explanation:
      'The ring has no request in flight, none in its submission queue and no completion to collect, so no completion can come.',
    remedy: 'Submit before waiting, or wait only for as many completions as were submitted.',
  };
}

function resting(task: Task, ring: Ring): Finding {
  return {
    ...common(task, ring),
    severity: 'info',
    summary: sentence(
      `thread ${who(task)} waits for completions of ${ringName(ring)}, in which nothing is pending: it goes on when another thread submits something.`,
    ),
    explanation:
      'A thread that does nothing but collect completions waits like this whenever there is nothing to do.',
    remedy: 'If the program should be busy, look at what its other threads wait for.',
  };
}

function common(task: Task, ring: Ring): Pick<Finding, 'tag' | 'evidence'> {
  return { tag: 'waits-for-nothing', evidence: [{ task: task.tid }, { ring: ring.id }] };
}

const who = (task: Task): string => processName({ pid: task.tid, name: task.name });

function empty(ring: Ring): boolean {
  return (
    ring.readable &&
    ring.inFlight === 0 &&
    ring.skew === undefined &&
    ring.sqHead === ring.sqTail &&
    ring.cqHead === ring.cqTail
  );
}
