import { sqeFlag } from './sqe';
import type { GroupTable, Windows } from './windows';

/** What is known of one submitted SQE. */
export const verdict = { done: 0, ambiguous: 1, inferred: 2, certain: 3 } as const;

export interface Verdicts {
  /** By index in the window of SQEs: a value of `verdict`. */
  readonly of: Uint8Array;
  /** Requests in flight; undefined where the counters cannot tell. */
  readonly inFlight?: number;
}

/**
 * Which submitted SQEs are still pending.
 *
 * certain: proven by the rings alone. Nothing was ever overwritten, and no CQE bears its user_data. (A program that
 * fills slots in another order is recognized by its SQ array, which it is taken to write along with the SQE.)
 * inferred: true for every program that never has two requests of one user_data in flight, has no SQE filled and not
 * published, and, unless it has now, never had more in flight than its SQ holds.
 * ambiguous: the rings cannot tell.
 */
export function judge(windows: Windows, sqEntries: number): Verdicts {
  const { of, inFlight } = windows.traits.whole ? judgeWhole(windows) : judgePart(windows, sqEntries);
  doubtOldest(windows, of, inFlight);
  const silent = doubt(windows, of);
  return inFlight === undefined || silent ? { of } : { of, inFlight };
}

/** Every SQE and every CQE there ever was is here: requests of one user_data are told by counting. */
function judgeWhole(windows: Windows): Verdicts {
  const { group, groups, traits } = windows;
  const of = new Uint8Array(windows.count);
  const best = traits.firstLap ? verdict.certain : verdict.inferred;
  let inFlight = 0;
  let shared = false;
  for (let g = 0; g < groups.size; g++) {
    const open = openOf(groups, g);
    inFlight += open;
    shared ||= open > 1 && (groups.finals[g] ?? 0) > 0;
  }
  for (let index = 0; index < windows.count; index++) {
    const g = group[index] ?? -1;
    if (g < 0) continue;
    const open = openOf(groups, g);
    if (open === 0) continue;
    if ((groups.finals[g] ?? 0) === 0) {
      of[index] = index === 0 && traits.firstInDoubt ? verdict.inferred : best;
    } else if (shared) of[index] = verdict.ambiguous;
    else if (index === groups.lastSqe[g]) of[index] = verdict.inferred;
  }
  return { of, inFlight };
}

function openOf(groups: GroupTable, group: number): number {
  return Math.max(0, (groups.sqes[group] ?? 0) - (groups.finals[group] ?? 0));
}

/** Something is gone. What follows holds for programs that use a user_data again only when its request has ended. */
function judgePart(windows: Windows, sqEntries: number): Verdicts {
  const { groups } = windows;
  const count = countInFlight(windows);
  const order = new Order(windows, sqEntries, count);
  order.settle();
  const of = new Uint8Array(windows.count);
  let sure = 0;
  for (let g = 0; g < groups.size; g++) {
    const index = groups.lastSqe[g] ?? -1;
    const state = order.state[g];
    if (index < 0 || state === FINISHED) continue;
    const known =
      state === PENDING &&
      ((groups.open[g] ?? 0) > 0 || (groups.finals[g] ?? 0) > 0 || order.inWindow(index));
    of[index] = known ? verdict.inferred : verdict.ambiguous;
    if (known) sure++;
  }
  const shared = count !== undefined && count > groups.size + windows.foreign && isMostlyShared(groups);
  if (order.contradicted || shared || (count !== undefined && sure > count)) shareUserData(windows, of);
  else if (count === sure) keepOnly(of, verdict.inferred);
  else if (count === undefined || !isReused(windows)) dropLikelyDone(windows, of);
  return count === undefined ? { of } : { of, inFlight: count };
}

/** Every SQE whose user_data was used more than once may be the one that is pending. */
function shareUserData({ count, group, groups }: Windows, of: Uint8Array): void {
  for (let index = 0; index < count; index++) {
    const g = group[index] ?? -1;
    if (g < 0) continue;
    const again = (groups.sqes[g] ?? 0) > 1;
    if (again || of[index] !== verdict.done) of[index] = verdict.ambiguous;
  }
}

/** Whether a user_data stands in two SQEs and more, on the average. With more in flight than there are, it is shared. */
function isMostlyShared({ sqes, size }: GroupTable): boolean {
  let total = 0;
  for (let g = 0; g < size; g++) total += sqes[g] ?? 0;
  return total >= 2 * size;
}

/** All that is in flight is found: what was in doubt has ended. */
function keepOnly(of: Uint8Array, least: number): void {
  for (let index = 0; index < of.length; index++) {
    if ((of[index] ?? verdict.done) < least) of[index] = verdict.done;
  }
}

/** Whether any user_data came twice in what the rings hold, or no other could: the CQ is not larger than their set. */
function isReused({ groups: { sqes, finals, size }, foreign }: Windows): boolean {
  if (foreign === 0) return true;
  for (let g = 0; g < size; g++) {
    if ((finals[g] ?? 0) > 1 || (sqes[g] ?? 0) > 1) return true;
  }
  return false;
}

/** One CQE for the one SQE of a user_data is taken for its own. */
function dropLikelyDone({ groups }: Windows, of: Uint8Array): void {
  for (let g = 0; g < groups.size; g++) {
    const index = groups.lastSqe[g] ?? -1;
    if (of[index] !== verdict.ambiguous) continue;
    if (groups.sqes[g] === 1 && groups.finals[g] === 1) of[index] = verdict.done;
  }
}

function countInFlight({ sqHead, firstCqe, cqes, overflowed, traits }: Windows): number | undefined {
  if (traits.moved || traits.skewed || traits.leaky || traits.hiddenOverflow) return undefined;
  const count = (sqHead - firstCqe - cqes - overflowed) | 0;
  return count < 0 ? undefined : count;
}

const UNKNOWN = 0;
const PENDING = 1;
const FINISHED = 2;

/**
 * The order of events, as far as it can be told. For each SQE, `posted` is how many CQEs stood in the queue when it was
 * submitted, counted from the oldest CQE that is left; it never falls from one SQE to the next. The final CQE of an
 * earlier request of the same user_data was posted before, its own CQE comes after.
 */
class Order {
  /** By group: what is known of its last SQE. */
  readonly state: Uint8Array;
  contradicted = false;
  /** Bounds of `posted`; −1 below = nothing known, so its own CQE may be gone. */
  private readonly lowest: Int32Array;
  private readonly highest: Int32Array;

  constructor(
    private readonly windows: Windows,
    private readonly sqEntries: number,
    private readonly inFlight: number | undefined,
  ) {
    const { groups, count, traits } = windows;
    this.state = new Uint8Array(groups.size);
    this.lowest = new Int32Array(count);
    this.highest = new Int32Array(count);
    for (let g = 0; g < groups.size; g++) {
      const finals = groups.finals[g] ?? 0;
      if ((groups.open[g] ?? 0) > 0 || finals === 0) this.state[g] = PENDING;
      // The first SQE and the first CQE are here: they can be counted.
      else if (traits.everyCqe && windows.first === 0) {
        this.state[g] = finals < (groups.sqes[g] ?? 0) ? PENDING : FINISHED;
      }
    }
  }

  /** Whether its own CQE, if there were one, would still be here. */
  inWindow(index: number): boolean {
    return (this.lowest[index] ?? -1) >= 0;
  }

  /** Bounds and states sharpen each other; a few rounds settle what can be settled. */
  settle(): void {
    const { groups } = this.windows;
    for (let round = 0; round < 8; round++) {
      this.bound();
      let changed = false;
      for (let g = 0; g < groups.size; g++) {
        if (this.state[g] !== UNKNOWN) continue;
        const index = groups.lastSqe[g] ?? -1;
        const last = groups.last[g] ?? -1;
        if (index < 0) continue;
        const before = last < (this.lowest[index] ?? -1);
        const after = last >= (this.highest[index] ?? 0);
        if (before && after) this.contradicted = true;
        else if (before || after) {
          this.state[g] = before ? PENDING : FINISHED;
          changed = true;
        }
      }
      if (!changed) break;
    }
  }

  private bound(): void {
    const { windows, lowest, highest, state, inFlight, sqEntries } = this;
    const { count, group, groups, first, firstCqe, cqes } = windows;
    let floor = windows.traits.everyCqe ? 0 : -1;
    let pending = 0;
    const base = (first - firstCqe) | 0;
    const roomy = inFlight !== undefined && inFlight <= sqEntries;
    for (let index = 0; index < count; index++) {
      const g = group[index] ?? -1;
      let high = cqes;
      if (g >= 0) {
        const last = groups.last[g] ?? -1;
        if (index === groups.lastSqe[g]) {
          const earlier = state[g] === PENDING ? last : (groups.secondLast[g] ?? -1);
          if (earlier >= 0) floor = Math.max(floor, Math.min(earlier, cqes - 1) + 1);
          if (state[g] === FINISHED) high = Math.min(last, cqes);
        } else if (last >= 0) high = Math.min(last, cqes);
      }
      // Of those submitted so far, itself included, at most as many are in flight as the SQ holds.
      if (roomy) floor = Math.max(floor, Math.min(base + index + 1 - sqEntries, cqes));
      // As many CQEs as requests before it, less those that have none yet.
      if (inFlight !== undefined) high = Math.min(high, Math.max(0, base + index - pending));
      if (g >= 0 && index === groups.lastSqe[g] && state[g] === PENDING) pending++;
      lowest[index] = floor;
      highest[index] = high;
    }
    let ceiling = cqes;
    for (let index = count - 1; index >= 0; index--) {
      ceiling = Math.min(ceiling, highest[index] ?? ceiling);
      highest[index] = ceiling;
      if ((lowest[index] ?? -1) > ceiling) this.contradicted = true;
    }
  }
}

/**
 * The next SQEs to be published are filled over the oldest ones, which then look pending. Where what is in flight is
 * not just what is found, those from the oldest to the first that has ended may be such.
 */
function doubtOldest(windows: Windows, of: Uint8Array, inFlight: number | undefined): void {
  const { traits, foreign } = windows;
  if (!traits.full) return;
  let found = 0;
  for (const value of of) if (value >= verdict.inferred) found++;
  if (traits.whole ? foreign === 0 : inFlight === found) return;
  for (let index = 0; index < of.length && of[index] !== verdict.done; index++) of[index] = verdict.ambiguous;
}

/** What the order of events cannot know: requests that end in silence, or under another name. True: some may have. */
function doubt(windows: Windows, of: Uint8Array): boolean {
  const { count, group, groups, flags, traits } = windows;
  let chain = false;
  let silenced = false;
  let any = false;
  for (let index = 0; index < count; index++) {
    const bits = flags[index] ?? 0;
    const g = group[index] ?? -1;
    if (!chain) silenced = false;
    const finals = g < 0 ? 0 : (groups.finals[g] ?? 0);
    if (of[index] !== verdict.done) {
      const silent = silenced || (bits & sqeFlag.skipSuccess) !== 0;
      any ||= silent;
      if (silent || traits.hiddenOverflow || traits.shuffled || (g >= 0 && groups.renamed[g] === 1)) {
        of[index] = verdict.ambiguous;
      }
    }
    // A request that would have been silent and has failed takes the rest of its chain along without a CQE.
    if (bits & sqeFlag.skipSuccess && finals > 0) silenced = true;
    chain = (bits & (sqeFlag.link | sqeFlag.hardLink)) !== 0;
  }
  return any;
}
