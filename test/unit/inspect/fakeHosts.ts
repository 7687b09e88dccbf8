import type { Askers } from '../../../src/inspect/host';
import type { Clock } from '../../../src/inspect/inspection';
import type { Asker } from '../../../src/target/remoteHost';
import type { Target } from '../../../src/target/target';

/** A clock that stands until it is told to go on; timers fire in their order. */
export class SteppedClock implements Clock {
  private time = 0;
  private timers: { readonly at: number; readonly callback: () => void }[] = [];

  now = () => this.time;

  setTimeout = (callback: () => void, wait: number) => {
    const timer = { at: this.time + wait, callback };
    this.timers.push(timer);
    return timer;
  };

  clearTimeout = (handle: unknown) => {
    this.timers = this.timers.filter((timer) => timer !== handle);
  };

  /** Milliseconds until each timer that is set. */
  get due(): readonly number[] {
    return this.timers.map(({ at }) => at - this.time);
  }

  async advance(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds;
    for (;;) {
      const next = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.time = next.at;
      next.callback();
      await settled();
    }
    this.time = end;
    await settled();
  }
}

/** Lets everything run that waits for nothing but promises. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** A target that says when it is closed and can be lost. */
export class FakeTarget {
  closed = false;
  lose: (why: string) => void = () => undefined;
  readonly lost = new Promise<string>((resolve) => {
    this.lose = resolve;
  });

  constructor(readonly label: string) {}

  get target(): Target {
    return {
      label: this.label,
      lost: this.lost,
      dispose: () => {
        this.closed = true;
      },
    } as unknown as Target;
  }
}

export function asker(answer: string | undefined): Asker {
  return { secret: async () => answer, confirm: async () => answer !== undefined };
}

export const askers: Askers = { user: asker('open sesame'), quiet: asker(undefined) };
