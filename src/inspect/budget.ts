/** The part of one processor that looks may take of a host. The goal is 0.02; looks are not alike. */
const SHARE = 1 / 60;

/** Keeps what a host's probe takes for looks within bounds: the dearer they were, the longer until the next one. */
export class Budget {
  private before: number | undefined;
  private now: number | undefined;

  /** Milliseconds the probe has taken since it began. */
  get total(): number | undefined {
    return this.now;
  }

  /** Takes `total`, the milliseconds the probe has taken since it began; undefined where nobody counts. */
  note(total: number | undefined): void {
    if (total === undefined) return;
    // Another probe has been started meanwhile.
    if (this.before !== undefined && total < this.before) this.before = 0;
    this.now = total;
  }

  /**
   * Milliseconds to wait now, for all that was taken since this was asked before, be it for this process or for others of the
   * host. 0 at the first time: what it takes to begin is taken once.
   */
  wait(): number {
    const { before, now } = this;
    this.before = now;
    return before === undefined || now === undefined ? 0 : (now - before) / SHARE;
  }
}
