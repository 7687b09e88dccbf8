import type { Ring, Sample } from '../model/sample';
import type { Counters } from './counters';

/** Looks closer together than this give no rates: the clocks are not that exact. Seconds. */
export const LEAST_SPAN = 0.05;
/** Looks further apart neither: a ring's counter may have gone round, 32 bits at 14 million a second. Seconds. */
const MOST_SPAN = 300;
/** No ring does more a second. */
const MOST_RATE = 2 ** 32 / MOST_SPAN;

/** The Sample with what each ring has taken and posted a second since the look before, where that knew it. */
export function withRates(sample: Sample, previous: Sample | undefined): Sample {
  const { process, rings } = sample;
  if (previous?.process.pid !== process.pid || previous.process.startTime !== process.startTime)
    return sample;
  const span = countersSpan(sample, previous);
  if (asleepBetween(sample, previous, span) !== undefined) return sample;
  return { ...sample, rings: rings.map((ring) => withRate(ring, sameRing(ring, previous), span)) };
}

/** Seconds between two readings of the rings' counters; NaN = unknown. */
export function countersSpan(
  now: Pick<Counters, 'countedAt' | 'host'>,
  then: Pick<Counters, 'countedAt' | 'host'>,
): number {
  const at = ({ countedAt, host }: Pick<Counters, 'countedAt' | 'host'>) =>
    countedAt ?? host.uptime ?? Number.NaN;
  return at(now) - at(then);
}

/** Seconds, and share of the span, by which the two clocks differ at least when the host was suspended: they drift, too. */
const SUSPENDED = { seconds: 5, share: 0.25 };

/** Seconds of a span in which the host was suspended: the time since boot went on, the scheduler's clock did not. Undefined = it was not, or nobody knows. */
export function asleepBetween(
  now: Pick<Counters, 'host'>,
  then: Pick<Counters, 'host'>,
  span: number,
): number | undefined {
  const asleep = span - ((now.host.awake ?? Number.NaN) - (then.host.awake ?? Number.NaN));
  return asleep >= SUSPENDED.seconds && asleep >= span * SUSPENDED.share ? asleep : undefined;
}

function withRate(ring: Ring, then: Ring | undefined, span: number): Ring {
  const submitted = perSecond(ring.sqHead, then?.sqHead, span);
  const completed = perSecond(ring.cqTail, then?.cqTail, span);
  return {
    ...ring,
    ...(submitted === undefined || ring.setup.includes('SQ_REWIND') ? {} : { submittedRate: submitted }),
    ...(completed === undefined ? {} : { completedRate: completed }),
  };
}

export function sameRing(
  { id, fd, inode }: Ring,
  before: Pick<Sample, 'rings'> | undefined,
): Ring | undefined {
  return before?.rings.find((then) => then.id === id && then.fd === fd && then.inode === inode);
}

/** Of two counters of a ring: they are 32 bits and wrap. One that went back is not the kernel's: the program can write it. */
export function perSecond(
  now: number | undefined,
  then: number | undefined,
  span: number,
): number | undefined {
  if (now === undefined || then === undefined || !(span >= LEAST_SPAN) || span > MOST_SPAN) return undefined;
  const passed = (now - then) >>> 0;
  return passed > MOST_RATE * span ? undefined : passed / span;
}
