import type { Request, Ring, Sample } from '../model/sample';
import { isOnItsWay, stateRank } from './requestStates';
import { indexOf } from './sampleIndex';

/** Requests that do the same to the same file and stand in the same state. */
export interface Fold {
  readonly key: string;
  readonly requests: readonly [Request, ...Request[]];
}

/** The requests of one ring in one state. */
export interface StateGroup {
  /** The same at the next look. */
  readonly key: string;
  readonly requests: readonly [Request, ...Request[]];
  /** The largest first. */
  readonly folds: readonly Fold[];
}

const known = new WeakMap<Sample, Map<Ring['id'] | null, readonly StateGroup[]>>();

/** Made once for each ring of a Sample; null = requests of no ring that the Sample holds. */
export function requestGroups(sample: Sample, ring: Ring['id'] | null): readonly StateGroup[] {
  const rings = known.get(sample) ?? new Map<Ring['id'] | null, readonly StateGroup[]>();
  known.set(sample, rings);
  const before = rings.get(ring);
  if (before) return before;
  const groups = group(indexOf(sample).requests.get(ring) ?? []);
  rings.set(ring, groups);
  return groups;
}

function group(requests: readonly Request[]): StateGroup[] {
  return [...gathered(requests, (request) => (isOnItsWay(request) ? 'on its way' : request.state))]
    .map(([key, members]) => ({ key, requests: members, folds: folded(members) }))
    .sort((a, b) => stateRank(a.requests[0]) - stateRank(b.requests[0]));
}

function folded(requests: readonly Request[]): Fold[] {
  return [...gathered(requests, foldKey, isLike)]
    .map(([key, members]) => ({ key, requests: inOrder(members) }))
    .sort((a, b) => b.requests.length - a.requests.length);
}

function gathered<K>(
  requests: readonly Request[],
  keyOf: (request: Request) => K,
  haveOneKey: (a: Request, b: Request) => boolean = () => false,
): Map<K, [Request, ...Request[]]> {
  const found = new Map<K, [Request, ...Request[]]>();
  let last: [Request, ...Request[]] | undefined;
  for (const request of requests) {
    if (last && haveOneKey(last[0], request)) {
      last.push(request);
      continue;
    }
    const key = keyOf(request);
    last = found.get(key);
    if (last) last.push(request);
    else {
      last = [request];
      found.set(key, last);
    }
  }
  return found;
}

/** All that goes into `foldKey` is the same: most stand in rows of their like, and a key is dear. */
function isLike(a: Request, b: Request): boolean {
  return (
    a.operation === b.operation &&
    a.fd === b.fd &&
    a.path === b.path &&
    a.fixedFile === b.fixedFile &&
    a.result === b.result &&
    a.stage === b.stage
  );
}

/** Lengths stand in front, so that no name can forge another's key. */
function foldKey({ operation, path, fixedFile, fd, result, stage }: Request): string {
  const file = path === undefined ? `${fixedFile ?? ''},${fd ?? ''}` : `${path.length}:${path}`;
  return `${operation.length}:${operation}${file}=${result ?? ''} ${stage ?? ''}`;
}

/** In the order of submission where it is known. Positions are 32 bits and wrap. */
function inOrder(requests: [Request, ...Request[]]): readonly [Request, ...Request[]] {
  if (requests.some(({ sequence }) => sequence === undefined)) return requests;
  return requests.sort((a, b) => ((a.sequence ?? 0) - (b.sequence ?? 0)) | 0);
}
