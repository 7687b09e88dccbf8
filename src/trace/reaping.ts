import type { TracedReaping } from '../model/trace';

/** What the kernel prints of a CQ ring at one moment; free-running 32-bit counters. The program writes the head. */
export interface CqLook {
  /** Nanoseconds of a clock that never goes back. */
  readonly time: number;
  readonly head: number;
  readonly tail: number;
  /** One less than the entries of the ring. */
  readonly mask: number;
}

/** Of what a 32-bit counter can count: no ring posts so many between two looks. */
const HALF = 2 ** 31;

/**
 * Follows how many completions lie in one CQ ring. Looks come in the order of their times; what is between them is not seen, so
 * that they must not go with the rhythm of the program.
 */
export class Reaping {
  private first: CqLook | undefined;
  private last: CqLook | undefined;
  private looks = 0;
  private filled = 0;
  private collected = 0;
  /** CQEs times nanoseconds. */
  private sum = 0;
  private most = 0;

  note(look: CqLook): void {
    const held = heldAt(look);
    const { last } = this;
    // Counters that go back are another ring's: only what it has had since is its own.
    if (last && (look.tail - last.tail) >>> 0 >= HALF) this.last = { ...look, time: last.time };
    if (this.last) {
      this.collected += (look.head - this.last.head) >>> 0;
      // Each look stands for half of the time to its neighbours.
      this.sum += ((held + heldAt(this.last)) / 2) * (look.time - this.last.time);
    }
    this.first ??= look;
    this.last = look;
    this.looks++;
    if (held > 0) this.filled++;
    this.most = Math.max(this.most, held);
  }

  /** Undefined where it was seen less than twice. */
  told(ringFd: number): TracedReaping | undefined {
    const { first, last, looks, filled, collected, most } = this;
    const nanoseconds = first && last ? last.time - first.time : 0;
    if (nanoseconds <= 0) return undefined;
    return {
      ringFd,
      looks,
      filled,
      seconds: nanoseconds / 1e9,
      collected,
      held: this.sum / nanoseconds,
      most,
    };
  }
}

const heldAt = ({ head, tail, mask }: CqLook): number => Math.min((tail - head) >>> 0, mask + 1);

/**
 * Seconds that a completion lies in the ring on average until the program takes it (Little's law: how many lie there by how many go a
 * second). Undefined where none was taken.
 */
export function reapLag({ held, seconds, collected }: TracedReaping): number | undefined {
  return collected > 0 ? (held * seconds) / collected : undefined;
}
