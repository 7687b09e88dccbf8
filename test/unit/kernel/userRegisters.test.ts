import { describe, expect, it } from 'vitest';
import { readUserRegisters } from '../../../src/kernel/userRegisters';
import { FakeProcess } from './fakeProcess';
import { layoutOf } from './layouts';

const PC = 0x401_234n;
const SP = 0x7ffc_0000_1000n;

/** A kernel stack of that size, at whose end stand words of struct pt_regs: number i is 0x100 + i, but for those given. */
function withStack(size: number, words: number, known: Readonly<Record<number, bigint>>): FakeProcess {
  const process = new FakeProcess(layoutOf('6.18'));
  const { kernel, leader } = process;
  const stack = kernel.allocate(size);
  for (let index = 0; index < words; index++)
    kernel.write(stack + BigInt(size - 8 * (words - index)), known[index] ?? 0x100 + index, 8);
  process.set(leader, 'taskStack', stack);
  return process;
}

const read = (process: FakeProcess, arch: string) =>
  readUserRegisters(process.target({ arch }), process.layout, 4242, [{ tid: 4242, sp: SP, pc: PC }]);

describe('the registers with which a thread has entered the kernel', () => {
  it('stand on x86-64 in the order of struct pt_regs', async () => {
    const found = await read(withStack(16_384, 21, { 16: PC, 19: SP }), 'x86_64');
    // As arch/x86/include/asm/ptrace.h has it: r15 r14 r13 r12 bp bx r11 r10 r9 r8 ax cx dx si di orig_ax ip cs flags sp ss.
    expect(found.get(4242)?.map((word) => Number(word))).toEqual(
      [NaN, 12, 11, 5, 13, 14, 4, 0, 9, 8, 7, 6, 3, 2, 1, 0].map((index, number) =>
        number === 7 ? Number(SP) : 0x100 + index,
      ),
    );
  });

  it.each([16_384, 32_768, 65_536])('stand on arm64 at the end of a stack of %i bytes', async (size) => {
    const found = await read(withStack(size, 34, { 31: SP, 32: PC }), 'aarch64');
    const registers = found.get(4242);
    expect(registers).toHaveLength(32);
    expect(registers?.slice(0, 31)).toEqual(
      Array.from({ length: 31 }, (_, number) => BigInt(0x100 + number)),
    );
    expect(registers?.[31]).toBe(SP);
  });

  it('are none of a thread that has run meanwhile, nor on another machine', async () => {
    expect((await read(withStack(16_384, 34, { 31: SP, 32: PC + 4n }), 'aarch64')).size).toBe(0);
    expect((await read(withStack(16_384, 21, { 16: PC, 19: SP }), 'riscv64')).size).toBe(0);
  });
});
