import type { DebugProtocol } from '@vscode/debugprotocol';
import { printable } from '../model/printable';
import { staleReference } from './errors';
import type { Picture, ShownFrame } from './picture';
import type { References } from './references';
import type { Sources } from './sources';
import type { Frame } from './stack';
import { toldName } from './toldFrame';

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
  const telling = (await showsCode(picture.own(thread), sources)) ? undefined : picture.telling(thread);
  const stackFrames = shown.map((frame, index): DebugProtocol.StackFrame => {
    if (frame === telling) return toldFrame(frame, frames.of(frame));
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

async function showsCode(frame: Frame | undefined, sources: Sources): Promise<boolean> {
  if (!frame) return false;
  const { source } = await sources.lineOf(frame.place, false);
  return source?.path !== undefined && source.presentationHint !== 'deemphasize';
}

/** Clients select by themselves only a frame with a source: it has a text of what is known of it. */
function toldFrame(frame: ShownFrame, id: number): DebugProtocol.StackFrame {
  return {
    id,
    name: printable(frame.name, 400),
    source: { name: toldName(frame.about), sourceReference: id, origin: 'what is known of it' },
    line: 1,
    column: 1,
    presentationHint: 'normal',
  };
}

/** A count from the wire; undefined where it is none. */
export function whole(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}
