import type { Asker } from '../remoteHost';

/** A deadline that does not run while the user is asked. */
export class Patience {
  private left: number;
  private since = 0;
  private timer: NodeJS.Timeout | undefined;
  private holds = 0;
  private over = false;
  private questions = 0;

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

  /** The same asker, whose questions take none of the time and are over with `over`. */
  asking(asker: Asker, over: AbortSignal): Asker {
    return {
      secret: (question) => this.ask(() => asker.secret({ ...question, over })),
      confirm: (question) => this.ask(() => asker.confirm({ ...question, over })),
    };
  }

  /** Whether the user is asked at this moment. */
  get asks(): boolean {
    return this.questions > 0;
  }

  end(): void {
    this.over = true;
    clearTimeout(this.timer);
  }

  private async ask<T>(question: () => Promise<T>): Promise<T> {
    this.questions++;
    try {
      return await this.hold(question);
    } finally {
      this.questions--;
    }
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
