import { afterAll, beforeAll } from 'vitest';
import type { ProbeTarget } from '../../../src/target/probeTarget';
import { TestBtf } from './btf';
import { borrow, type LentMemory } from './lender';
import { openTestTarget } from './probe';
import { needs } from './rights';
import type { Running } from './victim';

/** What the tests of one file read the kernel's memory with; there only where the right to is. */
export interface KernelMemoryUnderTest {
  readonly target: ProbeTarget;
  readonly btf: TestBtf;
  /** Memory of a process that the kernel's memory has, too. */
  memory(context: Running): Promise<LentMemory>;
  /** Bytes from the start of a structure to its member. */
  offset(struct: string, member: string): number;
}

/** Opened before the tests of a file, closed after them. */
export function kernelMemoryUnderTest(): KernelMemoryUnderTest {
  let target: ProbeTarget | undefined;
  let btf: TestBtf | undefined;
  beforeAll(async () => {
    if (needs.kernelMemory() !== undefined) return;
    target = await openTestTarget();
    btf = new TestBtf();
  });
  afterAll(() => target?.dispose());
  const there = <T>(one: T | undefined): T => {
    if (one === undefined) throw new Error('the kernel’s memory cannot be read here');
    return one;
  };
  return {
    get target() {
      return there(target);
    },
    get btf() {
      return there(btf);
    },
    memory: (context) => borrow(context, there(target), there(btf)),
    offset: (struct, member) => there(btf).offset(struct, member),
  };
}
