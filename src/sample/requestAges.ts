import type { Request, Ring, Sample } from '../model/sample';

/**
 * The Sample with `seen` of each request that stood in the looks before, too. That it is the same one is proven where its ring has
 * posted no completion since, or where its SQE has the same place; in a ring that moves nothing else tells it from its likes.
 */
export function withRequestAges(sample: Sample, previous: Sample | undefined): Sample {
  const passed = passedSince(sample, previous);
  if (!previous || passed === undefined || sample.requests.length === 0) return sample;
  const still = new Map(sample.rings.map((ring) => [ring.id, isStill(ring, ringOf(previous, ring))]));
  const before = new Map<string, number[]>();
  for (const request of previous.requests) {
    const { ring, seen = 0 } = request;
    const key = keyOf(request, ring === null ? undefined : still.get(ring));
    if (key === undefined) continue;
    const known = before.get(key);
    if (known) known.push(seen);
    else before.set(key, [seen]);
  }
  // Of requests that are alike the youngest age is taken first: none is made older than it is.
  for (const ages of before.values()) ages.sort((a, b) => b - a);
  const requests = sample.requests.map((request) => {
    const key = keyOf(request, request.ring === null ? undefined : still.get(request.ring));
    const seen = key === undefined ? undefined : before.get(key)?.pop();
    return seen === undefined ? request : { ...request, seen: rounded(seen + passed) };
  });
  return { ...sample, requests };
}

/** Seconds on the host's clock between two looks at the same process. */
function passedSince(sample: Sample, previous: Sample | undefined): number | undefined {
  const { pid, startTime } = sample.process;
  if (previous?.process.pid !== pid || previous.process.startTime !== startTime) return undefined;
  const [now, then] = [sample.host.uptime, previous.host.uptime];
  return now === undefined || then === undefined || now < then ? undefined : now - then;
}

function ringOf({ rings }: Sample, { id, fd, inode }: Ring): Ring | undefined {
  return rings.find((ring) => ring.id === id && ring.fd === fd && ring.inode === inode);
}

/** Whether a ring has posted nothing between two looks; undefined = it is another ring. */
function isStill(now: Ring, then: Ring | undefined): boolean | undefined {
  if (!then) return undefined;
  return now.cqTail !== undefined && now.cqTail === then.cqTail && now.overflowed === then.overflowed;
}

/** In a still ring what it asks for names a request, elsewhere only a place that is certain; undefined = nothing does. */
function keyOf(request: Request, still: boolean | undefined): string | undefined {
  const { ring, operation, fd, fixedFile, offset, length, address, userData, flags } = request;
  const { sequence, certainty } = request;
  if (still === undefined) return undefined;
  const asked = [ring, operation, fd, fixedFile, offset, length, address, userData].join(' ');
  // One that posts no completion may have ended without a trace.
  if (still && flags?.includes('CQE_SKIP_SUCCESS') !== true) return asked;
  return sequence === undefined || certainty !== 'certain' ? undefined : `${asked} ${sequence}`;
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
