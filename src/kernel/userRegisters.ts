import type { Target } from '../target/target';
import type { KernelLayout } from './layout';
import { numberingOf } from './numbering';
import { findLeader, readThreads } from './process';
import { Reader } from './reader';

/** What /proc/PID/task/TID/syscall says of a thread: the registers that tell which words the kernel has saved. */
export interface Entered {
  readonly tid: number;
  readonly sp: bigint;
  readonly pc: bigint;
}

/** General registers in the order of DWARF's numbers; what is absent there is not saved. */
export type SavedRegisters = readonly (bigint | undefined)[];

/** Bytes at the end of a kernel stack that are looked at: the registers (168 of x86-64, 336 of arm64), and what may lie behind. */
const LOOKED_AT = 512;
/** Sizes a kernel stack may have (THREAD_SIZE): usual first. */
const STACK_SIZES = [16_384, 32_768, 65_536];
/** x86-64: struct pt_regs in words, by DWARF number rax rdx rcx rbx rsi rdi rbp rsp r8…r15; rip. */
const X86_64 = {
  order: [undefined, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0],
  sp: 19,
  pc: 16,
  words: 21,
} as const;
/** arm64: x0…x30, sp, pc. */
const AARCH64 = {
  order: Array.from({ length: 32 }, (_, number) => number),
  sp: 31,
  pc: 32,
  words: 34,
} as const;

/**
 * The registers with which threads of a process have entered the kernel, from the end of their kernel stacks; exact for all
 * that sleep there. Threads whose saved words do not tell the same stack pointer and program counter are left out: they
 * have run meanwhile. Empty where the kernel's memory cannot be read.
 */
export async function readUserRegisters(
  target: Target,
  layout: KernelLayout,
  pid: number,
  entered: readonly Entered[],
): Promise<Map<number, SavedRegisters>> {
  const found = new Map<number, SavedRegisters>();
  const { kernel, arch } = target;
  const shape = arch === 'x86_64' ? X86_64 : arch === 'aarch64' ? AARCH64 : undefined;
  const { taskStack } = layout.optional;
  if (!kernel || !shape || !taskStack || entered.length === 0) return found;
  const leader = await findLeader(kernel, layout, pid);
  if (typeof leader === 'string') return found;
  const numbering = await numberingOf(target, new Reader(kernel, layout), leader, pid);
  if (numbering === undefined) return found;
  const reader = new Reader(kernel, layout, undefined, numbering === 'outermost' ? undefined : numbering);
  const wanted = new Map(entered.map((thread) => [thread.tid, thread]));
  const threads = (await readThreads(reader, leader)).filter(({ tid }) => wanted.has(tid));
  const [start, length] = taskStack;
  const stacks = await reader.structures(threads.map(({ task }) => ({ address: task, start, length })));
  for (const size of STACK_SIZES) {
    const open = threads.flatMap(({ tid }, index) => {
      const stack = stacks[index]?.pointer(taskStack) ?? 0n;
      return found.has(tid) || stack === 0n ? [] : [{ tid, address: stack + BigInt(size - LOOKED_AT) }];
    });
    const ends = await reader.structures(open.map(({ address }) => ({ address, length: LOOKED_AT })));
    open.forEach(({ tid }, index) => {
      const thread = wanted.get(tid);
      const end = ends[index]?.bytes();
      const registers = thread && end && registersIn(end, shape, thread);
      if (registers) found.set(tid, registers);
    });
  }
  return found;
}

type Shape = typeof X86_64 | typeof AARCH64;

/** The latest place where the saved words say what is known of the thread. */
function registersIn(data: Buffer, shape: Shape, { sp, pc }: Entered): SavedRegisters | undefined {
  for (let at = data.length - shape.words * 8; at >= 0; at -= 8) {
    const word = (index: number): bigint => data.readBigUInt64LE(at + index * 8);
    if (word(shape.sp) === sp && word(shape.pc) === pc)
      return shape.order.map((index) => (index === undefined ? undefined : word(index)));
  }
  return undefined;
}
