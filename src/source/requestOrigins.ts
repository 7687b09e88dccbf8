import type { Origin, Request, Sample } from '../model/sample';
import type { Place } from './binaries';
import type { Origins } from './origin/origins';
import { submittingOrigins } from './origin/submitting';

/** The Sample with the code its requests belong to. What the earlier one says of a request that still stands is taken over. */
export async function withOrigins(
  sample: Sample,
  previous: Sample | undefined,
  origins: Pick<Origins, 'of'>,
  place: () => Promise<Place>,
  signal?: AbortSignal,
): Promise<Sample> {
  const standing = standingOrigins(sample, previous);
  const known = sample.requests.map((request) => request.origin ?? standing.get(keyOf(request)));
  const isOurs = ownRequests(sample);
  const open = byImportance(sample).filter(
    (request) => !request.origin && !standing.has(keyOf(request)) && isOurs(request),
  );
  const wanted = new Set(open.flatMap(({ userData }) => (userData === undefined ? [] : [userData])));
  const found = wanted.size === 0 ? undefined : await origins.of(await place(), wanted, signal);
  const submitting = submittingOrigins(sample);
  if (standing.size + submitting.size === 0 && !found?.size) return sample;
  const requests = sample.requests.map((request, index) => {
    const led = known[index] ?? (isOurs(request) ? found?.get(request.userData ?? '') : undefined);
    const origin = isCode(led) ? led : (submitting.get(index) ?? led);
    return origin && origin !== request.origin ? { ...request, origin } : request;
  });
  return { ...sample, requests };
}

/** The Sample with what another one of the process, linked before or after it, says of the same requests. */
export function withStandingOrigins(sample: Sample, other: Sample | undefined): Sample {
  const standing = standingOrigins(sample, other);
  if (standing.size === 0) return sample;
  const requests = sample.requests.map((request) => {
    const origin = request.origin ?? standing.get(keyOf(request));
    return origin && origin !== request.origin ? { ...request, origin } : request;
  });
  return { ...sample, requests };
}

/** It leads to code, not just to a number. */
function isCode(origin: readonly Origin[] | undefined): boolean {
  return origin?.some(({ kind }) => kind !== 'number') === true;
}

/** Kinds of origins that are of the moment. */
const PASSING: ReadonlySet<Origin['kind']> = new Set(['submitted', 'goroutine']);

/** By what names a request for as long as it is pending; those without a place in the order of submission are not told apart. */
function standingOrigins(sample: Sample, previous: Sample | undefined): Map<string, readonly Origin[]> {
  const standing = new Map<string, readonly Origin[]>();
  const { pid, startTime } = sample.process;
  if (previous?.process.pid !== pid || previous.process.startTime !== startTime) return standing;
  for (const request of previous.requests) {
    const { origin, sequence } = request;
    // Who waited then need not wait now.
    if (origin && sequence !== undefined && !PASSING.has(origin[0]?.kind ?? 'number'))
      standing.set(keyOf(request), origin);
  }
  return standing;
}

function keyOf({ ring, sequence, operation, userData }: Request): string {
  return sequence === undefined ? '' : `${ring} ${sequence} ${operation} ${userData}`;
}

/** Whether a request is of this process: the addresses of another one that shares the ring mean nothing in its memory. */
function ownRequests({ process, rings, tasks }: Sample): (request: Request) => boolean {
  const others = new Set(rings.filter(({ owner }) => owner !== process.pid).map(({ id }) => id));
  const threads = new Set(tasks.map(({ tid }) => tid));
  return ({ ring, submitter }) =>
    !(ring !== null && others.has(ring)) && (submitter === undefined || threads.has(submitter));
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
