import type { WalkedRing } from '../../kernel/walked';
import type { Request, RequestState, Ring } from '../../model/sample';
import { withWalkedSlots } from '../registeredSlots';
import type { RingMemory } from '../ringMemory';

/** Submitted and not completed. */
export const IN_FLIGHT: ReadonlySet<RequestState> = new Set([
  ...(['running', 'queued', 'polling', 'waiting', 'issued', 'timeout', 'linked', 'drained'] as const),
]);

/** A Ring while it is put together. */
type Building = { -readonly [Field in keyof Ring]: Ring[Field] };

/** The ring with what its memory and the kernel's own structure say of its set-up and counters. */
export function ringWith(bare: Ring, walked: WalkedRing | undefined, memory: RingMemory | undefined): Ring {
  const ring: Building = { ...bare };
  const { counters } = memory ?? {};
  if (counters) {
    ring.readable = true;
    ring.sqEntries = counters.sqEntries;
    ring.cqEntries = counters.cqEntries;
    ring.sqHead = counters.sqHead;
    ring.sqTail = counters.sqTail;
    ring.cqHead = counters.cqHead;
    ring.cqTail = counters.cqTail;
    if (!memory?.sqFlags?.includes('CQ_OVERFLOW')) ring.overflowed ??= 0;
  }
  if (memory?.sqeSize) ring.sqeSize = memory.sqeSize;
  if (memory?.cqeSize) ring.cqeSize = memory.cqeSize;
  ring.setup = [...new Set([...bare.setup, ...(memory?.setup ?? [])])];
  if (!walked) return ring;
  ring.readable = true;
  ring.setup = walked.setup;
  ring.sqEntries = walked.sqEntries;
  ring.cqEntries = walked.cqEntries;
  ring.sqHead = walked.sqHead;
  if (!counters) ring.cqTail = walked.cqTail;
  ring.overflowed ??= walked.requests.filter(({ state }) => state === 'overflowed').length;
  if (walked.sqpollTid !== undefined) ring.sqpollTid = walked.sqpollTid;
  ring.registeredFiles = walked.registeredFiles;
  ring.registeredBuffers = walked.registeredBuffers;
  return withWalkedSlots(ring, walked.registered);
}

/**
 * How many requests are in flight, how many of them stand as rows, and how many no row can be made of. The walk counts them;
 * without it the ring's counters do, unless memory still holds every entry.
 */
export function countsOf(
  ring: Ring,
  rows: readonly Pick<Request, 'state' | 'certainty' | 'sources'>[],
  { walked, memory }: { readonly walked?: WalkedRing; readonly memory?: RingMemory },
  consistent: boolean,
): Partial<Ring> {
  let inside = 0;
  let ambiguous = 0;
  let found = 0;
  for (const { state, certainty, sources } of rows) {
    if (!IN_FLIGHT.has(state)) continue;
    inside++;
    if (certainty === 'ambiguous') ambiguous++;
    if (sources.includes('kernel walk')) found++;
  }
  const listed = inside - ambiguous;
  if (walked && consistent && walked.unexplained !== undefined) {
    const lost = Math.max(0, walked.unexplained - (listed - found));
    const total = listed + lost;
    return { inFlight: total, live: found + walked.unexplained, explained: listed, ambiguous, lost };
  }
  if (!memory?.rows) {
    if (ring.inFlight === undefined) return {};
    return { explained: Math.min(listed, ring.inFlight) };
  }
  const lost = walked && memory.inFlight !== undefined ? Math.max(0, memory.inFlight - inside) : memory.lost;
  const whole = lost === 0 && ambiguous === 0;
  // A ring that moved while it was read cannot be counted from its memory: fdinfo may have, under its lock.
  const counted = whole ? listed : (memory.inFlight ?? (memory.moved ? ring.inFlight : listed + (lost ?? 0)));
  return {
    ...(counted === undefined ? {} : { inFlight: Math.max(counted, listed) }),
    explained: listed,
    ambiguous,
    ...(lost === undefined ? {} : { lost }),
  };
}
