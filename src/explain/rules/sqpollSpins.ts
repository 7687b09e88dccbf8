import type { Ring, Task } from '../../model/sample';
import { before, type Rule, type Scene } from '../rule';
import { counted, duration, processName, ringName, sentence } from '../words';
import { endingPoller } from './exitBlocked';

/**
 * "The submission thread iou-sqp-7 (8) keeps a processor busy although nothing is submitted." It spins by configuration
 * until sq_thread_idle has passed; told because it looks like a runaway.
 */
export const sqpollSpins: Rule = {
  tag: 'sqpoll-spins',
  check(scene) {
    const pollers = scene.sample.tasks.filter((task) => task.kind === 'sqpoll' && task.state === 'R');
    const spinning = pollers.filter((task) => endingPoller(scene.sample, task) === undefined);
    if (spinning.length === 0) return [];
    if (!scene.other) return scene.last ? [] : 'look again';
    return spinning.flatMap((task) => {
      const rings = ringsOf(scene, task);
      const idle = rings.length > 0 && rings.every((ring) => before(scene, ring)?.sqHead === ring.sqHead);
      const was = scene.other?.tasks.find(({ tid }) => tid === task.tid);
      if (!idle || was?.state !== 'R') return [];
      return [
        {
          tag: 'sqpoll-spins',
          severity: 'info',
          summary: sentence(
            `the submission thread ${processName({ pid: task.tid, name: task.name })} of ${ringName(rings[0] ?? { id: 0, fd: null })} keeps a processor busy although nothing is submitted.`,
          ),
          explanation: `An SQPOLL thread polls its ${counted(rings.length, 'submission queue')} until none had work for sq_thread_idle, which the program has chosen; then it sleeps.${shareOf(rings[0])}`,
          remedy: 'If it should sleep sooner, set up the ring with a shorter sq_thread_idle (milliseconds).',
          evidence: [{ task: task.tid }, ...rings.map((ring) => ({ ring: ring.id }))],
        },
      ];
    });
  },
};

/** " It has worked for 0.2 s of the 61 s it ran." Microseconds, printed since 6.9. */
function shareOf(ring: Ring | undefined): string {
  const { sqpollTotalTime: total = 0, sqpollWorkTime: work = 0 } = ring ?? {};
  return total > 0
    ? ` It has worked for ${duration(work / 1e6)} of the ${duration(total / 1e6)} it ran.`
    : '';
}

/** The rings a submission thread serves; kernels before 6.9 may not print which while it spins. */
function ringsOf({ sample }: Scene, task: Task) {
  const named = sample.rings.filter((ring) => ring.sqpollTid === task.tid);
  if (named.length > 0) return named;
  const pollers = sample.tasks.filter(({ kind }) => kind === 'sqpoll');
  return sample.rings.length === 1 && pollers.length === 1 ? sample.rings : [];
}
