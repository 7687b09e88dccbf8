import type { Request, Sample } from '../model/sample';
import type { Behind } from './behind';
import type { Blocked } from './blocking';
import { taskLimit } from './cgroups';
import { chainedBehind, heldMounts, isInside, type Place, placesOf } from './listedRequests';
import { otherFiles } from './otherFiles';
import { allTaken, cannotStart } from './queueWords';
import { unexplained } from './ringCounts';
import { resourceOf } from './sampleIndex';
import { counted, grouped } from './words';
import { takenWorkers } from './workers';

/**
 * What stands behind held requests, where every request is listed: counted, not guessed. `grave` = tids of the tasks that
 * failing resources hold: what is inside their file systems stands still, too.
 */
export function behindListed(
  sample: Sample,
  carriers: readonly Blocked[],
  main: boolean,
  grave: ReadonlySet<number>,
): Behind {
  const held = new Set(carriers.map(({ task }) => task.tid));
  const workers = carriers.filter(({ task }) => task.kind === 'worker').length;
  const running = placesOf(sample, ({ worker, state }) => state === 'running' && held.has(worker ?? -1));
  const queued = main && workers > 0 ? placesOf(sample, ({ state }) => state === 'queued') : [];
  const mounts = heldMounts(sample, main ? grave : new Set());
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
  const others = otherFiles(sample, requestsOf(queued), requestsOf(running));
  const limited = taken === undefined && !writes ? taskLimit(sample) : undefined;
  const because = taken === undefined ? limited?.text : allTaken(taken, workers);
  const parts: readonly (readonly [number, Verb, string])[] = [
    [queued.length, 'queue', `behind${because === undefined ? '' : `, for ${because}`}`],
    [
      inside.length,
      'are',
      mounts.size === 1 ? `inside the file system at ${mount}` : 'inside the same file systems',
    ],
    [chained.length, 'wait', `behind ${heads.size === 1 ? 'it' : 'those'}`],
    [rest, 'are', 'in flight and not listed'],
  ];
  const told = parts.filter(([count]) => count > 0);
  return {
    // What is not listed may wait for anything else.
    count: queued.length + inside.length + chained.length,
    requests: [...[...queued, ...inside].map(({ index }) => index), ...chained],
    summary: told
      .map(([count, verb, where], index) => {
        const among = verb === 'queue' && others.text !== '' ? `, ${others.text},` : '';
        return more(count, among, verb, where, index === 0);
      })
      .join(''),
    ...(queued.length === 0 || taken === undefined
      ? {}
      : { cannotStart: cannotStart(queued.length, others) }),
    explanation: [
      taken === undefined && others.text !== '' ? `Of what is queued, ${others.text}${others.names}.` : '',
      queued.length > 0 && taken === undefined && writes
        ? 'Writes to one file run one after the other in io-wq (hashed work).'
        : '',
      queued.length > 0 && limited ? limited.explanation : '',
      chained.length === 0 ? '' : 'Linked and drained requests start only when those before them are done.',
    ]
      .filter(Boolean)
      .join(' '),
  };
}

function requestsOf(places: readonly Place[]): Request[] {
  return places.map(({ request }) => request);
}

type Verb = 'queue' | 'are' | 'wait';

const SINGULAR: Readonly<Record<Verb, string>> = { queue: 'queues', are: 'is', wait: 'waits' };

/** "; 92 more requests queue behind", after the first "; 2 more wait behind those". */
function more(count: number, among: string, verb: Verb, where: string, first: boolean): string {
  const what = first ? counted(count, 'more request') : `${grouped(count)} more`;
  return `; ${what}${among} ${count === 1 ? SINGULAR[verb] : verb} ${where}`;
}
