import type { Origin, Request, Task, UserFrame } from '../model/sample';
import { isOfSystem, noFile } from '../source/sourcePaths';
import { isOwn, ownFrame } from './userFrames';

/** A line of source, known as such. */
export type Placed<T> = T & { readonly file: string; readonly line: number };

/** The line that the program's own code waits at. */
export function ownLine(task: Pick<Task, 'userStack'>): Placed<UserFrame> | undefined {
  const frame = ownFrame(task);
  return frame && isPlaced(frame) ? frame : undefined;
}

/**
 * The line that has called what waits there from another file: who reads that file asks for it, and the innermost is often a mere
 * wrapper of the system call.
 */
export function callingLine(
  { userStack = [] }: Task,
  { file }: Placed<UserFrame>,
): Placed<UserFrame> | undefined {
  const own = userStack.filter(isOwn);
  const inner = own.findIndex((frame) => frame.file === file);
  return own
    .slice(inner + 1)
    .find((frame): frame is Placed<UserFrame> => frame.file !== file && isPlaced(frame));
}

/** The code nearest to a request that is the user's own, or the nearest of all; where an object's type is declared is none. */
export function ownOrigin({ origin = [] }: Pick<Request, 'origin'>): Placed<Origin> | undefined {
  const placed = origin.filter(({ kind }) => kind !== 'object').filter(isPlaced);
  return placed.find(({ file }) => !isOfSystem(file)) ?? placed[0];
}

function isPlaced<T extends { readonly file?: string; readonly line?: number }>(one: T): one is Placed<T> {
  return (
    one.file !== undefined &&
    one.line !== undefined &&
    Number.isSafeInteger(one.line) &&
    one.line >= 1 &&
    noFile(one.file) === undefined
  );
}
