import type { Ring } from '../../model/sample';
import { type Rule, type Scene, standsStill } from '../rule';
import { processName, ringName, sentence } from '../words';

/** IORING_ENTER_EXT_ARG: the wait may carry a timeout. */
const EXT_ARG = 8;

/** "It waits for a completion, but nothing is pending: it would wait for ever." */
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
      const who = processName({ pid: task.tid, name: task.name });
      return [
        {
          tag: 'waits-for-nothing',
          severity: 'warning',
          summary: sentence(
            `thread ${who} waits for a completion of ${ringName(ring)}, but nothing is pending there: ${timed ? 'only a timeout can end the wait' : 'it would wait for ever'}.`,
          ),
          explanation:
            'The ring has no request in flight, none in its submission queue and no completion to collect, so no completion can come.',
          remedy: 'Submit before waiting, or wait only for as many completions as were submitted.',
          evidence: [{ task: task.tid }, { ring: ring.id }],
        },
      ];
    }
    return [];
  },
};

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
