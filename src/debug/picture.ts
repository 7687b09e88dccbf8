import type { Sample } from '../model/sample';
import type { Frame, Stack } from './stack';
import type { ThreadIds } from './threadIds';
import { type Thread, threadsOf } from './threads';

/** A frame of a thread in a picture. */
export interface ShownFrame extends Frame {
  readonly picture: Picture;
  readonly thread: Thread;
}

/** One Sample as a debugger shows it. */
export class Picture {
  readonly threads: readonly Thread[];
  private readonly byId: ReadonlyMap<number, Thread>;
  private readonly stacks = new Map<number, Stack>();
  private readonly frames = new Map<string, ShownFrame>();

  constructor(
    readonly sample: Sample,
    ids: ThreadIds,
  ) {
    this.threads = threadsOf(sample, ids);
    this.byId = new Map(this.threads.map((thread) => [thread.id, thread]));
  }

  thread(id: unknown): Thread | undefined {
    return typeof id === 'number' ? this.byId.get(id) : undefined;
  }

  stack(thread: Thread): Stack {
    const known = this.stacks.get(thread.id) ?? thread.stack();
    this.stacks.set(thread.id, known);
    return known;
  }

  /** The same object whenever it is asked for; `index` below the stack's total. */
  frame(thread: Thread, index: number): ShownFrame {
    const key = `${thread.id} ${index}`;
    const known = this.frames.get(key);
    if (known) return known;
    const frame = { ...this.stack(thread).at(index), picture: this, thread };
    this.frames.set(key, frame);
    return frame;
  }

  /** The thread to look at first: of the tasks that the answer names, one in the program's own code if there is one. */
  get first(): Thread | undefined {
    const { findings, process } = this.sample;
    const named = (findings[0]?.evidence ?? []).flatMap((one) => {
      const thread = 'task' in one ? this.byId.get(one.task) : undefined;
      return thread ? [thread] : [];
    });
    return (
      named.find((thread) => hasSource(thread)) ??
      named[0] ??
      this.threads.find(({ stuck }) => stuck) ??
      this.byId.get(process.pid) ??
      this.threads[0]
    );
  }
}

/** Frames looked at. */
const FEW = 100;

function hasSource(thread: Thread): boolean {
  const stack = thread.stack();
  for (let index = 0; index < Math.min(stack.total, FEW); index++)
    if (stack.at(index).hint === 'normal' && stack.at(index).place !== undefined) return true;
  return false;
}
