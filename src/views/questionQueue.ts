/** Questions to the user, one at a time in the order they came: the editor lets a second dialog replace the first. */
export class QuestionQueue {
  private last: Promise<unknown> = Promise.resolve();

  /**
   * Asks when the questions before are answered. Undefined once `over` is aborted, be it before its turn or while it is asked;
   * the next one is not held up by it then.
   */
  ask<T>(question: () => PromiseLike<T>, over?: AbortSignal): Promise<T | undefined> {
    const turn = this.last.then(() => untilOver(question, over));
    this.last = turn.catch(() => undefined);
    return turn;
  }
}

async function untilOver<T>(
  question: () => PromiseLike<T>,
  over: AbortSignal | undefined,
): Promise<T | undefined> {
  if (over === undefined) return question();
  if (over.aborted) return undefined;
  let end = () => {};
  const ended = new Promise<undefined>((resolve) => {
    end = () => resolve(undefined);
    over.addEventListener('abort', end, { once: true });
  });
  try {
    return await Promise.race([question(), ended]);
  } finally {
    over.removeEventListener('abort', end);
  }
}
