import type { Ring, Sample } from '../../model/sample';
import type { Blocked } from '../blocking';
import { isPlaced, unplaced } from '../certainty';
import { inFlightOf } from '../disks';
import { placesOf } from '../listedRequests';
import { type Rule, standsStill } from '../rule';
import { counted, inPlural, joined, operationCounts, sentence } from '../words';
import { takenWorkers } from '../workers';
import { countsAsStuck } from './stuckOnResource';

/** "All 8 io-wq workers are held and 92 requests wait for one: also requests for other files stand still." */
export const workersExhausted: Rule = {
  tag: 'workers-exhausted',
  check(scene) {
    const { sample } = scene;
    const held = scene.blocked.filter(
      ({ task, on }) => task.kind === 'worker' && task.operation !== undefined && !on.idle,
    );
    const workers = sample.tasks.filter((task) => task.kind === 'worker');
    const { queued, rings } = waiting(sample);
    const taken = takenWorkers(sample, held.length);
    const reached = taken !== undefined;
    const full = reached && sample.workerPools !== undefined;
    if (held.length < 2 || (held.length < workers.length && !full) || queued === 0) return [];
    if (held.some(({ task }) => standsStill(scene, task) === undefined)) return 'look again';
    if (!held.every(({ task }) => standsStill(scene, task))) return [];
    if (!reached && (isPlaced(sample) || queued <= elsewhere(sample))) return [];
    // What stuck-on-resource counts, with what queues behind it, is not counted here again.
    const own = held.filter(({ cause }) => !countsAsStuck(cause)).length;
    const stuck = own === held.length ? own + queued : own;
    const counts = operationCounts(held.map(({ task }) => task.operation ?? 'UNKNOWN'));
    return [
      {
        tag: 'workers-exhausted',
        severity: 'critical',
        summary: `${sentence(counts)} hold ${held.length === 2 ? 'both' : `all ${held.length}`} io-wq workers (${reasons(held)}), and ${counted(queued, 'more request')} ${reached ? '' : 'most likely '}${queued === 1 ? 'waits' : 'wait'} for a free one.`,
        explanation: whyNoMore(sample, taken, queued),
        remedy:
          'What holds the workers is the cause. Until it ends, more workers (io_uring_register_iowq_max_workers) or a ring of its own for the slow files keep the others moving.',
        evidence: [
          ...held.map(({ task }) => ({ task: task.tid })),
          ...rings.map((ring) => ({ ring: ring.id })),
        ],
        ...(stuck > 0 ? { stuck } : {}),
      },
    ];
  },
};

/** "they wait for a page"; "7 wait for another program to open a FIFO and 1 waits for a page", the most first. */
function reasons(held: readonly Blocked[]): string {
  const counts = new Map<string, number>();
  for (const { on } of held) counts.set(on.text, (counts.get(on.text) ?? 0) + 1);
  const texts = [...counts].sort((a, b) => b[1] - a[1]);
  const [only] = texts;
  if (texts.length === 1 && only) return `they ${inPlural(only[0])}`;
  return joined(texts.map(([text, count]) => `${count} ${count === 1 ? text : inPlural(text)}`));
}

function whyNoMore(sample: Sample, taken: number | undefined, queued: number): string {
  if (taken === undefined) {
    return `No more workers were started although ${counted(queued, 'request')} ${queued === 1 ? 'is' : 'are'} in flight without a thread: the program has most likely set a limit of its own (IORING_REGISTER_IOWQ_MAX_WORKERS), or the requests are inside a device or file system.`;
  }
  if (sample.workerPools) {
    return `No more than ${counted(taken, 'worker')} may run at a time and none is free, so requests for healthy files wait, too.`;
  }
  return `A ring may use ${counted(taken, 'bounded worker')}: the smaller of its SQ entries and four times the processors. None is free, so requests for healthy files wait, too.`;
}

/** Requests that wait for a worker: by the kernel's lists, or all of which nothing tells where they stand. */
function waiting(sample: Sample): { readonly queued: number; readonly rings: readonly Ring[] } {
  if (!isPlaced(sample)) {
    const rings = sample.rings.filter((ring) => unplaced(sample, ring) > 0);
    return { queued: rings.reduce((sum, ring) => sum + unplaced(sample, ring), 0), rings };
  }
  const places = placesOf(sample, ({ state }) => state === 'queued');
  const ids = new Set(places.map(({ request }) => request.ring));
  return { queued: places.length, rings: sample.rings.filter(({ id }) => ids.has(id)) };
}

/** Requests that a disk or a FUSE server has: these have no thread either, and queue for none. */
function elsewhere(sample: Sample): number {
  const disks = (sample.devices ?? []).reduce((sum, device) => sum + inFlightOf(device), 0);
  const servers = Math.max(0, ...sample.resources.map((resource) => resource.waiting ?? 0));
  return disks + servers;
}
