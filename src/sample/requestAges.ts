import type { Request, Ring, Sample, Task, TaskKind } from '../model/sample';

/**
 * The Sample with `seen` of each request that stood in the looks before, too. That it is the same one is proven where the task that
 * carries it has not run since; where its SQE has the same place; and, of what asks for the same, where its ring has posted no
 * completion or taken no submission since. All others may be the next of their kind: nothing is said of them.
 */
export function withRequestAges(sample: Sample, previous: Sample | undefined): Sample {
  const passed = passedSince(sample, previous);
  if (!previous || passed === undefined || sample.requests.length === 0) return sample;
  const rings = new Map(sample.rings.map((ring) => [ring.id, stillness(ring, ringOf(previous, ring))]));
  const standing = unmoved(sample, previous);
  const proofs = PROOFS.map(
    (proof) => (request: Request) => proof(request, rings.get(request.ring ?? -1), standing),
  );
  const ages = new Map<Request, number>();
  const taken = new Set<Request>();
  for (const keyOf of proofs) {
    const before = new Map<string, Request[]>();
    for (const request of previous.requests) {
      const key = taken.has(request) ? undefined : keyOf(request);
      if (key === undefined) continue;
      const known = before.get(key);
      if (known) known.push(request);
      else before.set(key, [request]);
    }
    // Of requests that are alike the youngest age is taken first: none is made older than it is.
    for (const alike of before.values()) alike.sort((a, b) => (b.seen ?? 0) - (a.seen ?? 0));
    for (const request of sample.requests) {
      const key = ages.has(request) ? undefined : keyOf(request);
      const then = key === undefined ? undefined : before.get(key)?.pop();
      if (!then || contradict(then, request)) continue;
      taken.add(then);
      ages.set(request, then.seen ?? 0);
    }
  }
  const requests = sample.requests.map((request) => {
    const seen = ages.get(request);
    return seen === undefined ? request : { ...request, seen: rounded(seen + passed) };
  });
  return { ...sample, requests };
}

/** Seconds on the host's clock between two looks at the same process. */
function passedSince(sample: Sample, previous: Sample | undefined): number | undefined {
  const { pid, startTime, executable } = sample.process;
  if (previous?.process.pid !== pid || previous.process.startTime !== startTime) return undefined;
  // Another program (exec): before 5.17 its rings cannot be told from those of the one before.
  if (program(previous.process.executable) !== program(executable)) return undefined;
  const [now, then] = [sample.host.uptime, previous.host.uptime];
  return now === undefined || then === undefined || now < then ? undefined : now - then;
}

/** Its file may be removed or replaced while it runs. */
function program(executable: string | undefined): string | undefined {
  return executable?.replace(/ \(deleted\)$/, '');
}

function ringOf({ rings }: Sample, { id, fd, inode }: Ring): Ring | undefined {
  return rings.find((ring) => ring.id === id && ring.fd === fd && ring.inode === inode);
}

/** What a ring has not done between two looks. */
interface Stillness {
  /** It has posted no completion. */
  readonly posted: boolean;
  /** It has taken no submission: what is pending now was pending then. */
  readonly took: boolean;
}

/** Undefined = it is another ring. */
function stillness(now: Ring, then: Ring | undefined): Stillness | undefined {
  if (!then || isBehind(now.cqTail, then.cqTail)) return undefined;
  return {
    posted: now.cqTail !== undefined && now.cqTail === then.cqTail && now.overflowed === then.overflowed,
    took: now.sqHead !== undefined && now.sqHead === then.sqHead && !now.setup.includes('SQ_REWIND'),
  };
}

/** Counters are 32 bits and wrap; the kernel's never go back. */
function isBehind(now: number | undefined, then: number | undefined): boolean {
  return now !== undefined && then !== undefined && ((now - then) | 0) < 0;
}

/** The tasks that have not run between two looks, by their tids. */
function unmoved(sample: Sample, previous: Sample): ReadonlyMap<number, TaskKind> {
  const before = new Map(previous.tasks.map(({ tid, lastRan }) => [tid, lastRan]));
  const stood = ({ tid, lastRan }: Task) => lastRan !== undefined && before.get(tid) === lastRan;
  return new Map(sample.tasks.filter(stood).map(({ tid, kind }) => [tid, kind]));
}

/** A key by which one and the same request, and none that came after it, is found in two looks; undefined = it proves nothing of it. */
type Proof = (
  request: Request,
  still: Stillness | undefined,
  standing: ReadonlyMap<number, TaskKind>,
) => string | undefined;

/** The surest first: what one has told apart is no longer there for the others to confuse. */
const PROOFS: readonly Proof[] = [
  (request, _, standing) => {
    const { worker, inferred, sources } = request;
    // Lists that moved make a guess of where a request stands, but not of what an io-wq worker has that stood still.
    const kind = worker === undefined ? undefined : standing.get(worker);
    const walked = sources.includes('kernel walk') && kind === 'worker';
    const carried = isCarriedAlone(request) || walked || !inferred?.includes('worker');
    return worker !== undefined && carried && standing.has(worker) ? String(worker) : undefined;
  },
  (request, still) => {
    const { sequence, certainty } = request;
    return still && sequence !== undefined && certainty === 'certain'
      ? `${asked(request)} ${sequence}`
      : undefined;
  },
  (request, still) => {
    if (!still || isCarriedAlone(request)) return undefined;
    const { flags, sources, certainty } = request;
    // One that posts no completion may have ended without a trace.
    const silent = flags?.includes('CQE_SKIP_SUCCESS') === true;
    // A walk that saw the lists move may have one that was submitted after the counter was read.
    const counted = certainty === 'certain' || !sources.includes('kernel walk');
    return (still.took && counted) || (still.posted && !silent) ? asked(request) : undefined;
  },
];

/** One look may know more of a request than the other, as the stack of its worker alone does; what both know is the same. */
function contradict(a: Request, b: Request): boolean {
  const differ = <T>(x: T | undefined, y: T | undefined) => x !== undefined && y !== undefined && x !== y;
  return differ(a.userData, b.userData) || differ(a.ring ?? undefined, b.ring ?? undefined);
}

/** Only the task that carries it tells of it: what that carries next may look the same. */
function isCarriedAlone({ sources }: Request): boolean {
  return sources.length === 1 && sources[0] === 'stack';
}

function asked({ ring, operation, fd, fixedFile, offset, length, address, userData }: Request): string {
  return [ring, operation, fd, fixedFile, offset, length, address, userData].join(' ');
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
