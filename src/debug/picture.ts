import type { Sample } from '../model/sample';
import { unshowableText } from './errors';
import { type Frame, type Stack, stackOf } from './stack';
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
    private readonly ids: ThreadIds,
  ) {
    this.threads = threadsOf(sample, ids);
    this.byId = new Map(this.threads.map((thread) => [thread.id, thread]));
  }

  thread(id: unknown): Thread | undefined {
    return typeof id === 'number' ? this.byId.get(id) : undefined;
  }

  /** Of a task, or of a ring by its number in the Sample. */
  threadOf(place: { readonly task: number } | { readonly ring: number }): Thread | undefined {
    if ('task' in place) return this.byId.get(place.task);
    const ring = this.sample.rings.find(({ id }) => id === place.ring);
    return ring && this.byId.get(this.ids.ofRing(ring));
  }

  stack(thread: Thread): Stack {
    const known = this.stacks.get(thread.id) ?? shownOrNot(thread);
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

  /** The thread to look at first: of those that the answer names, one that shows the user's own code if there is one. */
  get first(): Thread | undefined {
    const named = this.named();
    return (
      named.find((thread) => this.own(thread)) ??
      named[0] ??
      this.threads.find(({ stuck }) => stuck) ??
      this.byId.get(this.sample.process.pid) ??
      this.threads[0]
    );
  }

  /** The first frame in the user's own code. */
  own(thread: Thread): Frame | undefined {
    return this.early(thread, ({ hint, place }) => hint === 'normal' && place?.file !== undefined);
  }

  /** The frame that tells most where no code can be shown; undefined = there are only remarks. */
  telling(thread: Thread): Frame | undefined {
    return (
      this.early(thread, ({ tells }) => tells === true) ?? this.early(thread, ({ hint }) => hint !== 'label')
    );
  }

  private early(thread: Thread, wanted: (frame: Frame) => boolean): Frame | undefined {
    const { total } = this.stack(thread);
    for (let index = 0; index < Math.min(total, FEW); index++) {
      const frame = this.frame(thread, index);
      if (wanted(frame)) return frame;
    }
    return undefined;
  }

  /** The threads that the answer names, then the rings of its requests; none where a saved Sample holds what no look finds. */
  private named(): readonly Thread[] {
    try {
      const evidence = this.sample.findings[0]?.evidence ?? [];
      const tasks = evidence.flatMap((one) => ('task' in one ? [this.byId.get(one.task)] : []));
      const rings = new Set(
        evidence.flatMap((one) =>
          'ring' in one ? [one.ring] : 'request' in one ? [this.sample.requests[one.request]?.ring] : [],
        ),
      );
      return [
        ...tasks,
        ...[...rings].map((ring) => (typeof ring === 'number' ? this.threadOf({ ring }) : undefined)),
      ].filter((thread) => thread !== undefined);
    } catch {
      return [];
    }
  }
}

/** Frames looked at. */
const FEW = 100;

/** A saved Sample may hold what no look finds: one frame says so then. */
function shownOrNot(thread: Thread): Stack {
  try {
    const { total, at } = thread.stack();
    return {
      total,
      at(index) {
        try {
          return at(index);
        } catch (error) {
          return unshowable(error);
        }
      },
    };
  } catch (error) {
    return stackOf([unshowable(error)]);
  }
}

function unshowable(error: unknown): Frame {
  return { name: `— ${unshowableText(error)} —`, hint: 'label', about: { kind: 'astray' } };
}
