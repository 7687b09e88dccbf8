/** Milliseconds that a dialog which is over has to be gone: what is shown before that could be closed in its place. */
const GRACE = 10_000;

/** Questions to the user, one at a time in the order they came: the editor lets a second dialog replace the first. */
export class QuestionQueue {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly grace = GRACE) {}

  /**
   * Asks when the questions before are answered. Undefined once `over` is aborted, be it before its turn or while it is asked;
   * the next one is not held up by it for longer than the grace.
   */
  ask<T>(question: () => PromiseLike<T>, over?: AbortSignal): Promise<T | undefined> {
    let gone: Promise<unknown> = Promise.resolve();
    const turn = this.last.then(() => {
      if (over?.aborted) return undefined;
      const asked = Promise.resolve(question());
      gone = asked.catch(() => undefined);
      return untilOver(asked, over);
    });
    this.last = turn
      .catch(() => undefined)
      .then(() => Promise.race([gone, new Promise((resolve) => setTimeout(resolve, this.grace))]));
    return turn;
  }
}

async function untilOver<T>(asked: Promise<T>, over: AbortSignal | undefined): Promise<T | undefined> {
  if (over === undefined) return asked;
  let end = () => {};
  const ended = new Promise<undefined>((resolve) => {
    end = () => resolve(undefined);
    over.addEventListener('abort', end, { once: true });
  });
  try {
    return await Promise.race([asked, ended]);
  } finally {
    over.removeEventListener('abort', end);
  }
}
