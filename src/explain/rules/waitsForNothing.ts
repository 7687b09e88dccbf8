import type { Finding, Ring, Task } from '../../model/sample';
import { type Rule, type Scene, standsStill } from '../rule';
import { processName, ringName, sentence } from '../words';

/** IORING_ENTER_EXT_ARG: the wait may carry a timeout. */
const EXT_ARG = 8;

/**
 * "It waits for a completion, but nothing is pending: it would wait for ever." Unless another thread may yet submit: many programs
 * collect completions in a thread of its own.
 */
export const waitsForNothing: Rule = {
  tag: 'waits-for-nothing',
  check(scene) {
    for (const { task, cause } of scene.blocked) {
      if (cause !== 'completions' || task.syscall?.name !== 'io_uring_enter') continue;
      const [fd, , , flags] = task.syscall.args;
      const ring = ringOf(scene, Number(fd));
      if (!ring || !empty(ring)) continue;
      const still = standsStill(scene, task);
      if (still === undefined) return 'look again';
      if (!still) continue;
      const timed = (Number(flags) & EXT_ARG) !== 0;
      return [othersMaySubmit(scene, task) ? resting(task, ring) : forgotten(task, ring, timed)];
    }
    return [];
  },
};

/** Some other thread of the program is not itself waiting for completions. */
function othersMaySubmit(scene: Scene, waiter: Task): boolean {
  const waiting = new Set(
    scene.blocked.flatMap(({ task, cause }) => (cause === 'completions' ? [task.tid] : [])),
  );
  return scene.sample.tasks.some(
    ({ tid, kind }) => kind === 'thread' && tid !== waiter.tid && !waiting.has(tid),
  );
}

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

function ringOf(scene: Scene, fd: number): Ring | undefined {
  const { rings } = scene.sample;
  return rings.find((ring) => ring.fd === fd) ?? (rings.length === 1 ? rings[0] : undefined);
}

function empty(ring: Ring): boolean {
  return (
    ring.readable &&
    ring.inFlight === 0 &&
    ring.skew === undefined &&
    ring.sqHead === ring.sqTail &&
    ring.cqHead === ring.cqTail
  );
}
