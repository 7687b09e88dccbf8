import type { Origin, Request, Sample } from '../model/sample';
import type { Place } from './binaries';
import type { Origins } from './origin/origins';

/** The Sample with the code its requests belong to. What the earlier one says of a request that still stands is taken over. */
export async function withOrigins(
  sample: Sample,
  previous: Sample | undefined,
  origins: Origins,
  place: () => Promise<Place>,
): Promise<Sample> {
  const standing = standingOrigins(sample, previous);
  const known = sample.requests.map((request) => standing.get(keyOf(request)));
  const open = byImportance(sample).filter((request) => !standing.has(keyOf(request)));
  const wanted = new Set(open.flatMap(({ userData }) => (userData === undefined ? [] : [userData])));
  const found = wanted.size === 0 ? undefined : await origins.of(await place(), wanted);
  if (standing.size === 0 && !found?.size) return sample;
  const requests = sample.requests.map((request, index) => {
    const origin = known[index] ?? found?.get(request.userData ?? '');
    return origin ? { ...request, origin } : request;
  });
  return { ...sample, requests };
}

/** By what names a request for as long as it is pending; those without a place in the order of submission are not told apart. */
function standingOrigins(sample: Sample, previous: Sample | undefined): Map<string, readonly Origin[]> {
  const standing = new Map<string, readonly Origin[]>();
  const { pid, startTime } = sample.process;
  if (previous?.process.pid !== pid || previous.process.startTime !== startTime) return standing;
  for (const request of previous.requests)
    if (request.origin && request.sequence !== undefined) standing.set(keyOf(request), request.origin);
  return standing;
}

function keyOf({ ring, sequence, operation, userData }: Request): string {
  return sequence === undefined ? '' : `${ring} ${sequence} ${operation} ${userData}`;
}

/** Requests a finding rests on first, then the rest in their order. */
function byImportance({ requests, findings }: Sample): readonly Request[] {
  const shown = new Set(
    findings.flatMap(({ evidence }) => evidence.flatMap((one) => ('request' in one ? [one.request] : []))),
  );
  return [
    ...requests.filter((_, index) => shown.has(index)),
    ...requests.filter((_, index) => !shown.has(index)),
  ];
}
