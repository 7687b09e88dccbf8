import type { KernelLayout } from '../kernel/layout';
import { printable } from '../model/printable';
import type { UserFrame } from '../model/sample';
import type { Binaries, Place } from './binaries';
import { readable, withoutShapes } from './frameNames';
import { furtherFrames } from './furtherFrames';
import type { SourceFrame } from './lines';
import { fromPerfMap } from './perfMap';
import type { ProcessStacks, StackDump, ThreadStack } from './unwind/threads';
import type { StackFrame } from './unwind/walkStack';

/** A thread's stack in the words of its program. */
export interface CallStack {
  readonly tid: number;
  /** Innermost first; absent where it could not be told. */
  readonly frames?: readonly UserFrame[];
  /** Why there is none, or why it ends early: completes "its stack …". */
  readonly note?: string;
  /** What it was told from; absent of what was taken over. */
  readonly unwound?: ThreadStack;
}

export interface CallStackOptions {
  readonly layout?: KernelLayout | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Lines that lie in separate debug files are left for later (Binaries.readOn). */
  readonly soon?: boolean | undefined;
}

/** Unwinds the threads and names their frames. Rejects with the reason of `signal`. */
export async function readCallStacks(
  stacks: ProcessStacks,
  binaries: Binaries,
  place: Place,
  tids: readonly number[],
  { layout, signal, soon }: CallStackOptions = {},
): Promise<CallStack[]> {
  const found = await stacks.unwind(tids, {
    layout,
    signal,
    further: (image) => furtherFrames(binaries, place, image),
  });
  return nameStacks(found, binaries, place, { signal, soon });
}

/** The same of stacks that were copied while the process ran. In order. */
export async function readDumpedStacks(
  stacks: ProcessStacks,
  binaries: Binaries,
  place: Place,
  dumps: readonly StackDump[],
): Promise<CallStack[]> {
  const found = await stacks.unwindDumps(dumps, {
    further: (image) => furtherFrames(binaries, place, image),
  });
  return nameStacks(found, binaries, place);
}

/** Stacks as `ProcessStacks.unwind` has them, with their frames named. */
export async function nameStacks(
  found: readonly ThreadStack[],
  binaries: Binaries,
  place: Place,
  options: Omit<CallStackOptions, 'layout'> = {},
): Promise<CallStack[]> {
  const named = await nameFrames(found, binaries, place, options);
  return found.map((stack) => {
    if (!stack.frames) return { tid: stack.tid, note: `is not told: ${stack.why}` };
    const frames = stack.frames.flatMap((frame) => userFrames(frame, named.get(keyOf(frame))));
    const note = stack.complete ? undefined : `ends here: ${stack.ending ?? 'memory was missing'}`;
    return { tid: stack.tid, frames, unwound: stack, ...(note === undefined ? {} : { note }) };
  });
}

const keyOf = ({ lookup }: StackFrame): number => lookup;

interface Named {
  readonly sources: readonly SourceFrame[];
  /** Of the binary, seconds since 1970. */
  readonly modified: number | undefined;
}

/** The frames of each stack in the words of the program. */
export async function namedStacks(
  stacks: readonly (readonly StackFrame[])[],
  binaries: Binaries,
  place: Place,
  signal?: AbortSignal,
): Promise<UserFrame[][]> {
  const named = await nameFrames(
    stacks.map((frames) => ({ frames })),
    binaries,
    place,
    { signal },
  );
  return stacks.map((frames) => frames.flatMap((frame) => userFrames(frame, named.get(keyOf(frame)))));
}

/** By the address looked up: threads of one pool are at the same places. */
async function nameFrames(
  stacks: readonly Pick<ThreadStack, 'frames'>[],
  binaries: Binaries,
  place: Place,
  { signal, soon }: Omit<CallStackOptions, 'layout'>,
): Promise<Map<number, Named>> {
  const named = new Map<number, Named>();
  const byImage = new Map<StackFrame['image'], Set<number>>();
  for (const { frames = [] } of stacks)
    for (const { image, lookup } of frames) {
      const lookups = byImage.get(image);
      if (lookups) lookups.add(lookup);
      else byImage.set(image, new Set([lookup]));
    }
  const loose = byImage.get(undefined);
  if (loose)
    for (const [address, frame] of await namedWhileRunning([...loose], binaries, place))
      named.set(address, { sources: [frame], modified: undefined });
  await Promise.all(
    [...byImage].map(async ([image, lookups]) => {
      if (!image) return;
      const result = await binaries.of(image, place);
      const { lines, modified } = result;
      if (!lines) return binaries.learn(image, place, result);
      const addresses = [...lookups];
      const located = await lines.locate(
        addresses.map((address) => BigInt(address - image.bias)),
        signal,
        soon,
      );
      signal?.throwIfAborted();
      for (const [index, { frames }] of located.entries()) {
        const address = addresses[index];
        if (address !== undefined)
          named.set(address, { sources: await readable(frames, binaries.demangle), modified });
      }
      await binaries.learn(image, place, result);
    }),
  );
  return named;
}

async function namedWhileRunning(
  addresses: readonly number[],
  binaries: Binaries,
  place: Place,
): Promise<Map<number, SourceFrame>> {
  const text = await binaries.perfMap(place);
  return text ? fromPerfMap(text, addresses) : new Map<number, SourceFrame>();
}

function userFrames({ pc, trust, image, mapping }: StackFrame, named: Named | undefined): UserFrame[] {
  const { sources = [], modified } = named ?? {};
  const address = `0x${pc.toString(16)}`;
  const binary = {
    ...(image ? { binary: printable(image.path) } : {}),
    ...(modified === undefined ? {} : { binaryModified: modified }),
  };
  const shown = sources.length > 0 ? sources : [{ inlined: false }];
  return shown.map(({ function: name, file, line, column, md5, inlined }: SourceFrame) => ({
    function: name === undefined ? unnamed(pc, image, mapping) : printable(withoutShapes(name)),
    ...(file === undefined ? {} : { file: printable(file) }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
    ...(md5 === undefined ? {} : { md5 }),
    address,
    trust,
    ...binary,
    ...(inlined ? { inlined } : {}),
  }));
}

/** `0x1234 in libfoo.so`, from the binary's beginning; of code in no file its address. */
function unnamed(pc: number, image: StackFrame['image'], mapping = ''): string {
  if (!image)
    return `0x${pc.toString(16)} in code made while it runs${mapping === '' ? '' : ` (${printable(mapping, 200)})`}`;
  const name = image.path.slice(image.path.lastIndexOf('/') + 1);
  return `0x${(pc - image.bias).toString(16)} in ${printable(name)}`;
}
