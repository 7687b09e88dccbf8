import type { Sample } from '../model/sample';
import type { Behind } from './behind';
import type { Blocked } from './blocking';
import { chainedBehind, heldMounts, isInside, placesOf } from './listedRequests';
import { unexplained } from './ringCounts';
import { resourceOf } from './sampleIndex';
import { counted, joined, sentence } from './words';
import { takenWorkers } from './workers';

/** What stands behind held requests, where every request is listed: counted, not guessed. */
export function behindListed(sample: Sample, carriers: readonly Blocked[], main: boolean): Behind {
  const held = new Set(carriers.map(({ task }) => task.tid));
  const workers = carriers.filter(({ task }) => task.kind === 'worker').length;
  const running = placesOf(sample, ({ worker, state }) => state === 'running' && held.has(worker ?? -1));
  const queued = main && workers > 0 ? placesOf(sample, ({ state }) => state === 'queued') : [];
  const mounts = main ? heldMounts(sample) : new Set<string>();
  const inside = placesOf(
    sample,
    (request) => isInside(request) && mounts.has(resourceOf(sample, request)?.mount ?? ''),
  );
  const [mount] = mounts;
  const heads = new Set([...running, ...queued, ...inside].map(({ index }) => index));
  const chained = chainedBehind(sample, heads, main);
  const rest = main ? sample.rings.reduce((sum, ring) => sum + unexplained(ring), 0) : 0;
  const taken = takenWorkers(sample, workers);
  const writes = queued.every(({ request }) => request.operation.startsWith('WRITE'));
  const parts = [
    part(
      queued.length,
      'queue',
      `behind${taken === undefined ? '' : `, for all ${counted(taken, 'worker')} ${taken === 1 ? 'is' : 'are'} taken`}`,
    ),
    part(
      inside.length,
      'be',
      mounts.size === 1 ? `inside the file system at ${mount}` : 'inside the same file systems',
    ),
    part(
      chained.length,
      'wait',
      `behind ${running.length + queued.length + inside.length === 1 ? 'it' : 'those'}`,
    ),
    part(rest, 'be', 'in flight and not listed'),
  ].filter(Boolean);
  return {
    count: queued.length + inside.length + chained.length + rest,
    requests: [...[...queued, ...inside].map(({ index }) => index), ...chained],
    summary: parts.length === 0 ? '' : `; ${joined(parts)}`,
    explanation: [
      queued.length === 0 || taken === undefined
        ? ''
        : `${sentence(counted(queued.length, 'request'))} cannot start before a worker is free.`,
      queued.length > 0 && taken === undefined && writes
        ? 'Writes to one file run one after the other in io-wq (hashed work).'
        : '',
      chained.length === 0 ? '' : 'Linked and drained requests start only when those before them are done.',
    ]
      .filter(Boolean)
      .join(' '),
  };
}

/** "92 more requests queue behind"; empty for none. */
function part(count: number, verb: 'queue' | 'be' | 'wait', rest: string): string {
  if (count === 0) return '';
  const one = { queue: 'queues', be: 'is', wait: 'waits' }[verb];
  const many = verb === 'be' ? 'are' : verb;
  return `${counted(count, 'more request')} ${count === 1 ? one : many} ${rest}`;
}
