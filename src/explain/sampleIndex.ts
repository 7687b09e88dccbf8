import type { Request, Resource, Ring, Sample, Task } from '../model/sample';

/** What rows point to, found without a search: a Sample may hold 100,000 requests. */
export interface SampleIndex {
  /** By tid. */
  readonly tasks: ReadonlyMap<number, Task>;
  /** By descriptor. */
  readonly resources: ReadonlyMap<number, Resource>;
  /** By path; the first of several descriptors. */
  readonly paths: ReadonlyMap<string, Resource>;
  /** By the id of their ring; under null those of a ring the Sample does not hold. */
  readonly requests: ReadonlyMap<Ring['id'] | null, readonly Request[]>;
}

const known = new WeakMap<Sample, SampleIndex>();

/** Made once for each Sample. */
export function indexOf(sample: Sample): SampleIndex {
  const before = known.get(sample);
  if (before) return before;
  const found: SampleIndex = {
    tasks: first(sample.tasks, ({ tid }) => tid),
    resources: first(sample.resources, ({ fd }) => fd),
    paths: first(sample.resources, ({ path }) => path),
    requests: byRing(sample),
  };
  known.set(sample, found);
  return found;
}

/** What an open file of a request is: by its descriptor, else by its path. */
export function resourceOf(sample: Sample, { fd, path }: Request): Resource | undefined {
  const { resources, paths } = indexOf(sample);
  const open = typeof fd === 'number' ? resources.get(fd) : undefined;
  return open ?? (path === undefined ? undefined : paths.get(path));
}

function first<K, V>(rows: readonly V[], key: (row: V) => K | undefined): Map<K, V> {
  const found = new Map<K, V>();
  for (const row of rows) {
    const name = key(row);
    if (name !== undefined && !found.has(name)) found.set(name, row);
  }
  return found;
}

function byRing({ rings, requests }: Sample): Map<number | null, Request[]> {
  const found = new Map<number | null, Request[]>(rings.map(({ id }) => [id, []]));
  const astray: Request[] = [];
  for (const request of requests) (found.get(request.ring) ?? astray).push(request);
  return found.set(null, astray);
}
