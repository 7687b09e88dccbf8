/** Milliseconds without a request after which the client is taken to have asked all it wanted. */
const QUIET = 300;
/** Milliseconds after which what waits is done, however much it asks. */
const MOST = 3000;

/**
 * Puts off what would take a client's references away while it still asks: an editor that is told of something new between a stop and the
 * variables of its frame begins anew, and may lose the frame.
 */
export class Settled {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private act: (() => void) | undefined;
  private since = 0;

  /** A request has come, or is answered. */
  heard(): void {
    if (this.act) this.arm();
  }

  /** Does it once the client is quiet; of several before that the last. */
  soon(act: () => void): void {
    if (!this.act) this.since = performance.now();
    this.act = act;
    this.arm();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.act = undefined;
  }

  private arm(): void {
    clearTimeout(this.timer);
    const left = this.since + MOST - performance.now();
    this.timer = setTimeout(
      () => {
        const { act } = this;
        this.act = undefined;
        act?.();
      },
      Math.max(0, Math.min(QUIET, left)),
    );
  }
}
