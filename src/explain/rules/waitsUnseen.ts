import { isInFlight } from '../requestStates';
import { inFlight } from '../ringCounts';
import { type Rule, standsStill } from '../rule';
import { indexOf } from '../sampleIndex';
import { counted, joined, ringName } from '../words';

/**
 * "1 thread waits for completions of ring 1, whose descriptor is closed: what is pending there cannot be seen."
 * For rings without counters: closed descriptors, kernels before 5.16, the lock held by somebody.
 */
export const waitsUnseen: Rule = {
  tag: 'waits-unseen',
  check(scene) {
    const { sample } = scene;
    const waiters = scene.blocked.filter(
      ({ cause, on }) => cause === 'completions' && on.subsystem === 'io_uring',
    );
    const rings = sample.rings.filter(
      (ring) => inFlight(ring) === undefined && !indexOf(sample).requests.get(ring.id)?.some(isInFlight),
    );
    if (waiters.length === 0 || rings.length === 0 || sample.rings.length > rings.length) return [];
    if (waiters.some(({ task }) => standsStill(scene, task) === undefined)) return 'look again';
    const closed = rings.every((ring) => ring.fd === null);
    const locked = rings.every((ring) => ring.fd !== null && !ring.readable);
    const why = closed
      ? 'whose descriptor is closed'
      : locked
        ? 'whose lock another task holds'
        : 'whose counters this kernel does not print';
    return [
      {
        tag: 'waits-unseen',
        severity: 'info',
        summary: `${counted(waiters.length, 'thread')} ${waiters.length === 1 ? 'waits' : 'wait'} for completions of ${joined(rings.map(ringName))}, ${why}: what is pending there cannot be seen here.`,
        explanation:
          'The threads are inside io_uring_enter. The ring’s counters, which would tell whether anything is in flight, are not in /proc.',
        remedy: 'Look at its other tasks, and at the peers and devices of its open files.',
        evidence: [
          ...waiters.map(({ task }) => ({ task: task.tid })),
          ...rings.map((ring) => ({ ring: ring.id })),
        ],
      },
    ];
  },
};
