/** Most kinds of trouble that are told of one file. */
const MOST = 50;

/** What could not be read of a file, each thing said once. */
export class Troubles {
  private readonly said = new Set<string>();

  say(trouble: string): void {
    if (this.said.size < MOST) this.said.add(trouble);
  }

  get all(): readonly string[] {
    return [...this.said];
  }
}

/**
 * Bounds the work on input that was made to take for ever: parts that refer to each other are small to store and endless
 * to read. Roughly one unit a byte looked at.
 */
export class Work {
  private left = 0;

  constructor(private readonly troubles: Troubles) {}

  allow(units: number): void {
    this.left = units;
  }

  /** False when nothing is left: give up. */
  spend(units: number): boolean {
    this.left -= units;
    if (this.left >= 0) return true;
    this.troubles.say('gave up: its debug information takes more work than any compiler’s would');
    return false;
  }
}
