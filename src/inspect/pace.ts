import type { Sample } from '../model/sample';
import type { Counters } from '../sample/counters';
import { sameRing } from '../sample/ringRates';

/** Looks come so much less often where all keeps moving, and where nothing does since looks that found the same. */
const BUSY = 3;
const STILL = 5;
/** Of what stands still counters are read no more often. Milliseconds. */
const SLOWLY = 1000;
/** Of what has come to stand still there is a look no sooner than this after the last one. Milliseconds. */
const SOON = 1000;

/** stopped = a ring that was moving stands; busy = all that have something in flight move; still = nothing has moved at all. */
type Verdict = 'unknown' | 'busy' | 'still' | 'stopped';

/**
 * When the next look is worth it, from the counters that are read between looks: on the interval as a rule; three times as late while
 * every ring with something in flight keeps posting completions; five times while nothing at all has moved since looks that found the
 * same; soon where a ring that was moving stands with something in flight.
 */
export class Pace {
  private look: Sample | undefined;
  private before: Counters | undefined;
  private verdict: Verdict = 'unknown';
  /** The last look found what the one before had. */
  private settled = false;
  /** Rings that have posted something between the last two readings. */
  private moving: ReadonlySet<number> = new Set();

  looked(sample: Sample): void {
    this.settled =
      this.look !== undefined && isUnmoved(sample, this.look) && hasSameFindings(sample, this.look);
    this.look = sample;
    this.before = sample;
    this.verdict = 'unknown';
  }

  /** Takes counters; undefined = nothing could be told: the process may have ended. */
  counted(counters: Counters | undefined): void {
    const { look, before, moving } = this;
    if (!look || !before || this.verdict === 'stopped') return;
    if (!counters) {
      this.verdict = 'unknown';
      return;
    }
    const moved = counters.rings.filter((ring) => sameRing(ring, before)?.cqTail !== ring.cqTail);
    const standing = counters.rings.filter((ring) => ring.inFlight !== 0 && !moved.includes(ring));
    const busy = moved.length > 0 && standing.length === 0 && counters.rings.length === look.rings.length;
    if (standing.some(({ id }) => moving.has(id))) this.verdict = 'stopped';
    else if (busy) this.verdict = 'busy';
    else this.verdict = this.settled && isUnmoved(counters, look) ? 'still' : 'unknown';
    this.moving = new Set(moved.map(({ id }) => id));
    this.before = counters;
  }

  /** Milliseconds from the end of the last look to the next; `least` is what its cost asks for. */
  wait(interval: number, least: number): number {
    if (this.verdict === 'stopped') return Math.max(Math.min(interval, SOON), least);
    const times = this.verdict === 'busy' ? BUSY : this.verdict === 'still' ? STILL : 1;
    return Math.max(interval * times, least);
  }

  /** Milliseconds to the next counters. */
  counting(milliseconds: number): number {
    return this.verdict === 'still' ? Math.max(milliseconds, SLOWLY) : milliseconds;
  }
}

/** Whether no ring has taken or posted anything, and no device finished anything. */
function isUnmoved(now: Counters, then: Counters): boolean {
  const rings = now.rings.every((ring) => {
    const before = sameRing(ring, then);
    return before?.cqTail === ring.cqTail && before?.sqTail === ring.sqTail && before?.cqHead === ring.cqHead;
  });
  const devices = (now.devices ?? []).every(
    ({ name, completed }) => then.devices?.find((device) => device.name === name)?.completed === completed,
  );
  return rings && devices && now.rings.length === then.rings.length;
}

function hasSameFindings(a: Sample, b: Sample): boolean {
  const of = ({ findings }: Sample) => findings.map(({ tag, stuck = 0 }) => `${tag} ${stuck}`).join();
  return of(a) === of(b);
}
