import { UserError } from '../model/errors';
import type { Target } from '../target/target';

/** Holds the one target of a window: opened at the first use, opened again after it was lost, closed when idle. */
export class Machine {
  private opening: Promise<Target> | undefined;

  constructor(private readonly open: () => Promise<Target>) {}

  async use<T>(work: (target: Target) => Promise<T>): Promise<T> {
    this.opening ??= this.open();
    const opening = this.opening;
    const target = await opening.catch((error: unknown) => {
      this.forget(opening);
      throw error;
    });
    try {
      return await work(target);
    } catch (error) {
      if (error instanceof UserError && error.code.startsWith('probe-')) this.forget(opening);
      throw error;
    }
  }

  /** Closes it; the next use opens it anew. */
  release(): void {
    if (this.opening !== undefined) this.forget(this.opening);
  }

  private forget(opening: Promise<Target>): void {
    if (this.opening === opening) this.opening = undefined;
    opening.then(
      (target) => target.dispose(),
      () => undefined,
    );
  }
}
