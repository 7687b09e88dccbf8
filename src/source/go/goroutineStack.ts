import type { GoTable } from '../goTable';
import { type ProcessMemory, wordIn } from '../origin/processMemory';
import type { Image } from '../unwind/images';
import type { StackFrame } from '../unwind/walkStack';

/** Frames of one stack, and bytes of it that are read. */
const MOST_FRAMES = 100;
const MOST_STEPS = 200;
const MOST_STACK = 1 << 16;
/** What every goroutine's stack begins with. */
const BEGINNING = 'runtime.goexit';
/** Beyond these lies another stack. */
const OTHER_STACK: ReadonlySet<string> = new Set([
  'runtime.mstart',
  'runtime.rt0_go',
  'runtime.mcall',
  'runtime.systemstack',
  'runtime.asmcgocall',
  'runtime.cgocallback',
  'runtime.morestack',
]);
/** They interrupt at any instruction; what they return to is no call. */
const INTERRUPTING: ReadonlySet<string> = new Set(['runtime.asyncPreempt', 'runtime.sigpanic']);

export interface GoroutineStack {
  readonly frames: readonly StackFrame[];
  /** The bytes it was read from, to be compared with later ones. */
  readonly from: number;
  readonly bytes: Buffer;
  /** Why it ends early, for people. */
  readonly ending?: string;
}

interface Instruction {
  readonly name: string;
  /** Bytes between the stack pointer and the return address. */
  readonly size: number | undefined;
  /** Made by the compiler to call another one. */
  readonly isMade: boolean;
}

/** Unwinds the stacks of goroutines with the tables of Go's own tracebacks. x86-64. */
export class GoroutineUnwinder {
  private readonly known = new Map<number, Promise<Instruction | undefined>>();

  constructor(
    private readonly memory: ProcessMemory,
    private readonly image: Image,
    private readonly table: GoTable,
  ) {}

  /** `high` = where the stack begins. */
  async unwind(pc: number, sp: number, high: number): Promise<GoroutineStack | undefined> {
    if (!(sp > 0 && sp < high)) return undefined;
    const bytes = await this.memory.bytes(sp, Math.min(high - sp, MOST_STACK));
    if (bytes === undefined) return undefined;
    const frames: StackFrame[] = [];
    let [at, next, returns] = [0, pc, true];
    const end = (ending?: string): GoroutineStack => ({
      frames,
      from: sp,
      bytes: bytes.subarray(0, Math.min(at + 8, bytes.length)),
      ...(ending === undefined ? {} : { ending }),
    });
    for (let steps = 0; steps < MOST_STEPS && frames.length < MOST_FRAMES; steps++) {
      const lookup = returns ? next - 1 : next;
      const instruction = await this.instruction(next, lookup);
      if (instruction === undefined) return end('the next function is not Go’s');
      const { name, size, isMade } = instruction;
      if (name === BEGINNING) return end();
      if (!isMade || frames.length === 0)
        frames.push({ pc: next, lookup, trust: 'proven', image: this.image });
      if (OTHER_STACK.has(name)) return end('the next frame lies on another stack');
      if (size === undefined) return end('Go’s tables do not have the next frame');
      const back = wordIn(bytes, at + size);
      if (back === undefined) return end('memory was missing');
      at += size + 8;
      next = back;
      returns = !INTERRUPTING.has(name);
    }
    return end(`only ${MOST_FRAMES} frames are told`);
  }

  private instruction(pc: number, lookup: number): Promise<Instruction | undefined> {
    let found = this.known.get(pc);
    if (found === undefined) {
      found = this.find(pc - this.image.bias, lookup - this.image.bias);
      this.known.set(pc, found);
    }
    return found;
  }

  private async find(pc: number, lookup: number): Promise<Instruction | undefined> {
    // The code of a call that never returns may be its function's last.
    const called = (await this.table.functionAt(lookup)) ?? (await this.table.functionAt(pc));
    if (called === undefined) return undefined;
    const within = pc < called.end ? pc : lookup;
    const size = (await this.table.frameSize(within)) ?? (await this.table.frameSize(lookup));
    const { name, kind } = called;
    const isMade = kind > 0 && kind === this.table.highestKind;
    return { name, size: size !== undefined && size >= 0 ? size : undefined, isMade };
  }
}
