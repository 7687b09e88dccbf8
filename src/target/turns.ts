/** Milliseconds for which one turn of the event loop may be worked in: an editor and its other extensions share the thread. */
const LONG = 15;
/** Items between two steps. */
const FEW = 64;

/** Work that may rest wherever it yields. Pure: who runs it decides whether others get the thread then. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** When the work of this turn began; undefined while none has. */
let began: number | undefined;

function isLong(): boolean {
  const now = performance.now();
  if (began !== undefined) return now - began >= LONG;
  began = now;
  setImmediate(() => {
    began = undefined;
  });
  return false;
}

/** Does the work, letting others have the thread after some milliseconds of it. Rejects with the reason of `signal`. */
export async function inTurns<T>(work: Steps<T>, signal?: AbortSignal): Promise<T> {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (!isLong()) continue;
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    signal?.throwIfAborted();
  }
}

/** Does the work in one go. */
export function atOnce<T>(work: Steps<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

/** What `of` makes of each item. */
export function* mapped<T, U>(items: readonly T[], of: (item: T, index: number) => U): Steps<U[]> {
  const made: U[] = [];
  for (const item of items) {
    if (made.length % FEW === FEW - 1) yield;
    made.push(of(item, made.length));
  }
  return made;
}

/** Does `act` with each item. */
export function* each<T>(items: Iterable<T>, act: (item: T) => void): Steps<void> {
  let count = 0;
  for (const item of items) {
    if (++count % FEW === 0) yield;
    act(item);
  }
}
