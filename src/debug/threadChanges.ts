import type { Thread } from './threads';

export interface ThreadChanges {
  readonly started: readonly number[];
  readonly exited: readonly number[];
  /** One that was there before says something else now. */
  readonly renamed: boolean;
}

export function threadChanges(now: readonly Thread[], before: readonly Thread[]): ThreadChanges {
  const names = new Map(before.map(({ id, name }) => [id, name]));
  const ids = new Set(now.map(({ id }) => id));
  return {
    started: now.flatMap(({ id }) => (names.has(id) ? [] : [id])),
    exited: before.flatMap(({ id }) => (ids.has(id) ? [] : [id])),
    renamed: now.some(({ id, name }) => names.has(id) && names.get(id) !== name),
  };
}
