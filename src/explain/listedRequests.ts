import type { Request, Resource, Sample, Task } from '../model/sample';
import { familyOf } from '../sample/requests/unplaced';
import { isOnItsWay } from './requestStates';
import { indexOf, resourceOf } from './sampleIndex';

/** A request with its index in the Sample, by which findings point to it. */
export interface Place {
  readonly request: Request;
  readonly index: number;
}

export function placesOf(sample: Sample, wanted: (request: Request) => boolean): Place[] {
  return sample.requests.flatMap((request, index) => (wanted(request) ? [{ request, index }] : []));
}

/** Handed on to a device or file system, which has not answered; no thread stands for it. */
export function isInside(request: Request): boolean {
  return request.state === 'issued' && !isOnItsWay(request);
}

/** Mounts of the files that some tasks carry requests for: what is inside these file systems is told with the tasks. */
export function heldMounts(sample: Sample, tids: ReadonlySet<number>): Set<string> {
  const mounts = sample.requests.flatMap((request) =>
    request.state === 'running' && tids.has(request.worker ?? -1)
      ? (resourceOf(sample, request)?.mount ?? [])
      : [],
  );
  const named = sample.namedFiles?.flatMap(({ task, mount }) => (tids.has(task) ? (mount ?? []) : [])) ?? [];
  return new Set([...mounts, ...named]);
}

/**
 * The files that the requests of some tasks are about, each once, where every one of them says it for certain;
 * undefined where one does not.
 */
export function carriedFiles(sample: Sample, tasks: readonly Task[]): Resource[] | undefined {
  const tids = new Set(tasks.map(({ tid }) => tid));
  const files = new Map<string, Resource>();
  const guessed = new Set<string>();
  for (const request of sample.requests) {
    const { worker, certainty, path, operation, inferred } = request;
    if (worker === undefined || request.state !== 'running' || !tids.has(worker)) continue;
    const file = certainty === 'certain' ? resourceOf(sample, request) : undefined;
    if (!file || !isFile(file)) return undefined;
    files.set(path ?? String(file.fd), file);
    tids.delete(worker);
    if (inferred?.includes('worker')) guessed.add(familyOf(operation));
  }
  // A worker that is only guessed may as well have what seems to be queued, or in another worker.
  for (const request of guessed.size > 0 ? sample.requests : []) {
    const { state, inferred, path, operation } = request;
    const carried = state === 'queued' || state === 'running';
    if (!carried || !inferred?.includes('state') || !guessed.has(familyOf(operation))) continue;
    const file = resourceOf(sample, request);
    if (!file || !isFile(file)) return undefined;
    files.set(path ?? String(file.fd), file);
  }
  return tids.size === 0 && files.size > 0 ? [...files.values()] : undefined;
}

/** The files that the memory of some tasks’ requests is mapped from, where all of them wait in page faults on it; else undefined. */
export function bufferFiles(sample: Sample, tasks: readonly Task[]): Resource[] | undefined {
  const tids = new Set(tasks.map(({ tid }) => tid));
  const files = new Map<string, Resource>();
  for (const { worker, bufferFile } of sample.requests) {
    if (worker === undefined || bufferFile === undefined || !tids.delete(worker)) continue;
    const file = indexOf(sample).paths.get(bufferFile);
    if (!file) return undefined;
    files.set(bufferFile, file);
  }
  return tids.size === 0 && files.size > 0 ? [...files.values()] : undefined;
}

function isFile({ kind }: Resource): boolean {
  return kind === 'file' || kind === 'device' || kind === 'directory';
}

/**
 * Linked and drained requests that cannot start before one of `heads` is done; all are indexes of requests. A drained
 * one that names none waits for all before it in its ring: `drains` = these, too.
 */
export function chainedBehind(sample: Sample, heads: ReadonlySet<number>, drains: boolean): number[] {
  const { requests } = sample;
  const rings = new Set([...heads].map((index) => requests[index]?.ring));
  const waits = new Map<number, boolean>();
  /** Follows a chain to its end or to what is known; a chain that goes in circles ends nowhere. */
  const isBehind = (start: number): boolean => {
    const path: number[] = [];
    let answer = false;
    for (let at: number | undefined = start; at !== undefined; at = requests[at]?.after) {
      const known = heads.has(at) || waits.get(at);
      if (known !== undefined) {
        answer = known;
        break;
      }
      waits.set(at, false);
      path.push(at);
    }
    for (const at of path) waits.set(at, answer);
    return answer;
  };
  return inChains(sample).flatMap(({ request: { state, after, ring }, index }) => {
    if (after === undefined) return drains && state === 'drained' && rings.has(ring) ? [index] : [];
    return isBehind(after) ? [index] : [];
  });
}

const chained = new WeakMap<Sample, readonly Place[]>();

/** Linked and drained requests. Found once for each Sample, which may have a thousand rings. */
function inChains(sample: Sample): readonly Place[] {
  const known = chained.get(sample);
  if (known) return known;
  const found = placesOf(sample, ({ state }) => state === 'linked' || state === 'drained');
  chained.set(sample, found);
  return found;
}
