import type { Ring } from '../model/sample';

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
