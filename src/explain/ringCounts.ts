import type { Ring } from '../model/sample';
import { grouped } from './words';

/** Submitted and not completed: by the kernel's own count where it is known, else by the counters. */
export function inFlight(ring: Ring): number | undefined {
  return ring.live ?? ring.inFlight;
}

/** Why the count may be off; the kernel's own is not. */
export function skewOf({ live, skew }: Ring): string | undefined {
  return live === undefined ? skew : undefined;
}

/** How many of a ring's requests in flight no row can stand for, be it one in doubt; lost ones are among them. */
export function unexplained(ring: Ring): number {
  return Math.max(0, (inFlight(ring) ?? 0) - (ring.explained ?? 0) - (ring.ambiguous ?? 0));
}

/** Requests in flight whose submission entry has been used again. */
export function lost(ring: Ring): number {
  return Math.min(ring.lost ?? 0, unexplained(ring));
}

/** Completions the program has not reaped. Counters are 32 bits and wrap. */
export function uncollected({ cqHead, cqTail }: Ring): number {
  return cqHead === undefined || cqTail === undefined ? 0 : (cqTail - cqHead) >>> 0;
}

/** Submissions the kernel has not taken. */
export function unsubmitted({ sqHead, sqTail }: Ring): number {
  return sqHead === undefined || sqTail === undefined ? 0 : (sqTail - sqHead) >>> 0;
}

/** "1,200 submitted/s, 1,180 completed/s" since the look before; undefined where that is not known, or nothing has moved. */
export function rateWords({ submittedRate: submitted, completedRate: completed }: Ring): string | undefined {
  if (!submitted && !completed) return undefined;
  const words = (rate: number | undefined, what: string) =>
    rate === undefined
      ? []
      : [`${rate < 10 ? Math.round(rate * 10) / 10 : grouped(Math.round(rate))} ${what}/s`];
  return [...words(submitted, 'submitted'), ...words(completed, 'completed')].join(', ');
}
