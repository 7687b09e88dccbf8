import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProcessStacks, type ThreadStack } from '../../../../src/source/unwind/threads';
import { BASE, CODE, FRAMES, functionAt, HEADER, image, SIZE, words } from '../fakeImage';
import { type FakeMapping, FakeProcess, inCall, PID } from '../fakeProcess';

const STACK = 0x7ff0_0000_0000;
const STACK_SIZE = 0x4000;
/** Milliseconds of one look at a few threads, on a busy machine. */
const LONGEST = 8000;
const MOST_BYTES = 300 * 2 ** 20;
const RETURNS = ['plain', 'framed', 'computed', 'signal', 'first'].map(
  (name) => functionAt(name as Parameters<typeof functionAt>[0]) + 0x40,
);

function processOf(program: Buffer, stack: Buffer, more: readonly FakeMapping[] = []): FakeProcess {
  const fake = new FakeProcess();
  fake.mappings = [
    { start: BASE, end: BASE + SIZE, perms: 'r-xp', inode: 5, path: '/bin/program', data: program },
    ...more,
    { start: STACK, end: STACK + STACK_SIZE, perms: 'rw-p', path: '[stack]', data: stack },
  ];
  return fake;
}

/** Whatever lies in its memory: an answer for each thread, in time, and no more read than a binary is big. */
async function expectAnswer(fake: FakeProcess, sps: readonly number[], pc: number): Promise<ThreadStack[]> {
  sps.forEach((sp, index) => {
    fake.threads.set(index + 1, inCall(sp, pc));
  });
  const start = performance.now();
  const tids = sps.map((_, index) => index + 1);
  const stacks = await new ProcessStacks(fake, PID).unwind(tids);
  expect(stacks.map(({ tid }) => tid)).toEqual(tids);
  for (const stack of stacks) {
    if (stack.frames === undefined) expect(stack.why).not.toBe('');
    else expect(stack.frames.length).toBeLessThanOrEqual(256);
  }
  expect(performance.now() - start).toBeLessThan(LONGEST);
  expect(fake.bytesRead).toBeLessThan(MOST_BYTES);
  return stacks;
}

const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...RETURNS) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: STACK_SIZE / 8 }).map((index) => STACK + index * 8) },
  { weight: 1, arbitrary: fc.constantFrom(0, -1, 2 ** 47, 2 ** 53 - 1, CODE, BASE) },
);
const stack = fc.array(word, { minLength: 1, maxLength: 600 });
const stackOf = (values: readonly number[]): Buffer => words(values, STACK_SIZE);

describe('a process that lies', () => {
  it('is unwound where it does not', async () => {
    const values = [0, 0, 0, functionAt('first') + 0x40];
    const [found] = await expectAnswer(processOf(image(), stackOf(values)), [STACK], functionAt('plain') + 8);
    expect(found).toMatchObject({ complete: true, frames: [{ trust: 'proven' }, { trust: 'proven' }] });
  });

  it('with any words on its stack', async () => {
    await fc.assert(
      fc.asyncProperty(stack, fc.constantFrom(...RETURNS), async (data, pc) => {
        await expectAnswer(
          processOf(image(), stackOf(data)),
          [STACK, STACK + 64, STACK + STACK_SIZE - 8],
          pc,
        );
      }),
      { numRuns: 150 },
    );
  });

  it('with changed headers and unwind tables', async () => {
    const place = fc.oneof(
      fc.integer({ min: 16, max: 64 + 2 * 56 }),
      fc.integer({ min: HEADER, max: HEADER + 60 }),
      fc.integer({ min: FRAMES, max: FRAMES + 0x120 }),
    );
    const value = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255));
    const changes = fc.array(fc.tuple(place, value), { minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(changes, stack, fc.constantFrom(...RETURNS), async (some, data, pc) => {
        const program = image();
        for (const [at, byte] of some) program[at] = byte;
        await expectAnswer(processOf(program, stackOf(data)), [STACK, STACK + 512], pc);
      }),
      { numRuns: 500 },
    );
  });

  it('with any addresses and sizes of its parts', async () => {
    const number = fc.oneof(
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      fc.constantFrom(
        0n,
        1n,
        2n ** 32n,
        2n ** 36n,
        2n ** 53n,
        2n ** 63n,
        2n ** 64n - 1n,
        BigInt(BASE + HEADER),
      ),
    );
    const fields = fc.array(fc.tuple(fc.constantFrom(72, 80, 104, 128, 136, 160), number), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(fields, stack, async (some, data) => {
        const program = image();
        for (const [at, value] of some) program.writeBigUInt64LE(value, at);
        await expectAnswer(processOf(program, stackOf(data)), [STACK], RETURNS[0] ?? 0);
      }),
      { numRuns: 300 },
    );
  });

  it('with a search table of more rows than memory has', async () => {
    const program = image();
    // Counted in eight bytes.
    program.writeUInt8(4, HEADER + 2);
    program.writeBigUInt64LE(2n ** 40n, HEADER + 8);
    program.writeBigUInt64LE(2n ** 60n, 64 + 56 + 40);
    program.fill(0, HEADER + 16, HEADER + 64);
    await expectAnswer(processOf(program, Buffer.alloc(STACK_SIZE)), [STACK], RETURNS[0] ?? 0);
  });

  it('with numbers of any length in its tables', async () => {
    const program = image();
    // def_cfa_offset of 200 bytes, in an entry that is long enough.
    const at = FRAMES + 24 + 24;
    program.writeUInt32LE(0x300, at);
    program.fill(0x80, at + 17, at + 0x300);
    program.writeUInt8(0x0e, at + 17);
    await expectAnswer(processOf(program, Buffer.alloc(STACK_SIZE)), [STACK], RETURNS[0] ?? 0);
    // The same in an expression.
    program.writeUInt8(0x16, at + 17);
    program.writeUInt8(3, at + 18);
    program.set([0x80, 0x04, 0x77], at + 19);
    await expectAnswer(processOf(program, Buffer.alloc(STACK_SIZE)), [STACK], RETURNS[0] ?? 0);
  });

  it('with rules for very many registers, remembered very often', async () => {
    const program = image();
    const big = Buffer.alloc(0x2_0000);
    program.copy(big);
    const instructions: number[] = [];
    for (let register = 0; register < 10_000; register++)
      instructions.push(0x07, 0x80 | (register & 0x7f), register >> 7);
    for (let pair = 0; pair < 15_000; pair++) instructions.push(0x0a, 0x0b);
    const at = 0x3000;
    big.writeUInt32LE(instructions.length + 16, at);
    big.writeUInt32LE(at + 4 - FRAMES, at + 4);
    big.writeInt32LE(0x1000 - (at + 8), at + 8);
    big.writeUInt32LE(0x400, at + 12);
    big.set(instructions, at + 17);
    big.writeBigUInt64LE(BigInt(big.length), 64 + 40);
    for (let row = 0; row < 5; row++) big.writeInt32LE(at - HEADER, HEADER + 16 + row * 8);
    const fake = processOf(big, Buffer.alloc(STACK_SIZE));
    const [first, ...others] = fake.mappings;
    if (first) fake.mappings = [{ ...first, end: BASE + big.length }, ...others];
    for (const pc of RETURNS) await expectAnswer(fake, [STACK, STACK + 64], pc);
  });

  it('with a program that is all beginnings of unwind tables, and has no search table', async () => {
    const size = 64 * 2 ** 20;
    const program = Buffer.alloc(size);
    image().copy(program, 0, 0, HEADER);
    program.writeUInt16LE(60, 56);
    for (let part = 0; part < 60; part++) image().copy(program, 64 + part * 56, 64, 64 + 56);
    for (let part = 0; part < 60; part++) program.writeBigUInt64LE(BigInt(size), 64 + part * 56 + 40);
    const entry = Buffer.from('0c000000000000000000000000000000', 'hex');
    for (let at = 0x2000; at < size; at += 16) entry.copy(program, at);
    program.write('\x14\0\0\0\0\0\0\0\x01zR\0\x01\x78\x10\x01\x1b', 0x2000, 'latin1');
    const fake = processOf(program, words([RETURNS[0] ?? 0, RETURNS[1] ?? 0], STACK_SIZE));
    const [first, ...others] = fake.mappings;
    if (first) fake.mappings = [{ ...first, end: BASE + size }, ...others];
    await expectAnswer(fake, [STACK], RETURNS[0] ?? 0);
  });

  it('with a stack of gigabytes that leads to itself', async () => {
    const values = Array.from({ length: STACK_SIZE / 8 }, (_, index) =>
      index % 2 === 0 ? STACK + (index + 2) * 8 : functionAt('framed') + 0x40,
    );
    const fake = processOf(image(), stackOf(values), [
      { start: 0x1_0000_0000, end: 0x1_0000_0000 + 2 ** 40, perms: 'rw-p', data: words(values) },
    ]);
    await expectAnswer(fake, [STACK, 0x1_0000_0000, 0x1_0000_0000 + 2 ** 39], RETURNS[1] ?? 0);
  });
});
