import type { Origin, Request, Sample, Task, UserFrame } from '../model/sample';
import { isOfSystem, noFile } from '../source/sourcePaths';

/** A line of source, known as such. */
export type Placed<T> = T & { readonly file: string; readonly line: number };

/** Libraries that a distribution has installed. */
const SYSTEM_BINARY = /^(?:\[|\/(?:usr\/)?lib(?:32|64|x32)?\/)/;

/** The innermost frame of the user's own code: libraries of the system and of the languages are passed over where there is any other. */
export function ownFrame(
  { userStack = [] }: Pick<Task, 'userStack'>,
  { process: { executable } }: Pick<Sample, 'process'>,
): Placed<UserFrame> | undefined {
  const placed = userStack.filter(isPlaced);
  const isSystem = ({ binary }: UserFrame) =>
    binary !== undefined && binary !== executable && SYSTEM_BINARY.test(binary);
  return placed.find((frame) => isOwn(frame) && !isSystem(frame)) ?? placed.find(isOwn) ?? placed[0];
}

/** The code nearest to a request that is the user's own. */
export function ownOrigin({ origin = [] }: Pick<Request, 'origin'>): Placed<Origin> | undefined {
  const placed = origin.filter(isPlaced);
  return placed.find(isOwn) ?? placed[0];
}

function isPlaced<T extends { readonly file?: string; readonly line?: number }>(one: T): one is Placed<T> {
  return one.file !== undefined && one.line !== undefined && one.line >= 1 && noFile(one.file) === undefined;
}

const isOwn = ({ file }: { readonly file: string }): boolean => !isOfSystem(file);
