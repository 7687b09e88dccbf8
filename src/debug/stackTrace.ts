import type { DebugProtocol } from '@vscode/debugprotocol';
import { printable } from '../model/printable';
import { staleReference } from './errors';
import type { Picture, ShownFrame } from './picture';
import type { References } from './references';
import type { Sources } from './sources';

/** Frames of one answer: a client that does not page gets these, and `totalFrames` says that there are more. */
const MOST = 1000;

/** The part of a thread's stack that was asked for. */
export async function stackTrace(
  picture: Picture,
  args: Partial<DebugProtocol.StackTraceArguments>,
  frames: References<ShownFrame>,
  sources: Sources,
): Promise<DebugProtocol.StackTraceResponse['body']> {
  const thread = picture.thread(args.threadId);
  if (!thread) throw staleReference('thread');
  const { total } = picture.stack(thread);
  const start = Math.min(whole(args.startFrame) ?? 0, total);
  const levels = Math.min(whole(args.levels) || MOST, MOST);
  const shown = Array.from({ length: Math.min(levels, total - start) }, (_, index) =>
    picture.frame(thread, start + index),
  );
  const lines = await Promise.all(shown.map(({ place, hint }) => sources.lineOf(place, hint !== 'normal')));
  const stackFrames = shown.map((frame, index): DebugProtocol.StackFrame => {
    const { source, line = 0, column = 0 } = lines[index] ?? {};
    return {
      id: frames.of(frame),
      name: printable(frame.name, 400),
      ...(source ? { source } : {}),
      line,
      column,
      presentationHint: frame.hint,
    };
  });
  return { stackFrames, totalFrames: total };
}

/** A count from the wire; undefined where it is none. */
export function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
