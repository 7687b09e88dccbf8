import type { ReadResult } from '../probe/protocol';
import type { ReadOptions } from './target';

/** Asks items of one verb; one answer for each, in their order. */
export type Ask = (bodies: readonly Buffer[], options: ReadOptions) => Promise<ReadResult[]>;

interface Joined {
  readonly bodies: Buffer[];
  readonly answers: Promise<ReadResult[]>;
}

/** Makes one question of all that is asked in a turn with the same limits: each question wakes the probe's reader. */
export class Joiner {
  /** What this turn has asked so far, by its limits. */
  private readonly turn = new Map<string, Joined>();

  constructor(private readonly ask: Ask) {}

  async join(bodies: readonly Buffer[], options: ReadOptions = {}): Promise<ReadResult[]> {
    const limits = `${options.limit}/${options.deadline}`;
    const joined = this.turn.get(limits) ?? this.begin(limits, options);
    const from = joined.bodies.length;
    for (const body of bodies) joined.bodies.push(body);
    return (await joined.answers).slice(from, from + bodies.length);
  }

  private begin(limits: string, options: ReadOptions): Joined {
    const bodies: Buffer[] = [];
    const answers = Promise.resolve().then(() => {
      this.turn.delete(limits);
      return this.ask(bodies, options);
    });
    const joined = { bodies, answers };
    this.turn.set(limits, joined);
    return joined;
  }
}
