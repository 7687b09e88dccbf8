import type { Asker } from '../remoteHost';

/** A deadline that does not run while the user is asked. */
export class Patience {
  private left: number;
  private since = 0;
  private timer: NodeJS.Timeout | undefined;
  private holds = 0;
  private over = false;

  /** `expired` is called once, after `milliseconds` that nobody held. */
  constructor(
    milliseconds: number,
    private readonly expired: () => void,
  ) {
    this.left = milliseconds;
    this.run();
  }

  /** Lets the time stand still while `work` is under way. */
  async hold<T>(work: () => Promise<T>): Promise<T> {
    if (this.holds++ === 0) this.pause();
    try {
      return await work();
    } finally {
      if (--this.holds === 0) this.run();
    }
  }

  /** The same asker, whose questions take none of the time. */
  asking(asker: Asker): Asker {
    return {
      secret: (question) => this.hold(() => asker.secret(question)),
      confirm: (question) => this.hold(() => asker.confirm(question)),
    };
  }

  end(): void {
    this.over = true;
    clearTimeout(this.timer);
  }

  private pause(): void {
    clearTimeout(this.timer);
    this.left -= Date.now() - this.since;
  }

  private run(): void {
    if (this.over) return;
    this.since = Date.now();
    this.timer = setTimeout(
      () => {
        this.over = true;
        this.expired();
      },
      Math.max(this.left, 0),
    );
  }
}
