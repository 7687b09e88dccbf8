import { describe, expect, it } from 'vitest';
import { evaluate, type Values } from '../../../../src/source/unwind/expression';
import { entryAt, readCommon, readFrameEntry } from '../../../../src/source/unwind/frameEntries';
import { FrameIndex } from '../../../../src/source/unwind/frameIndex';
import { rowAt } from '../../../../src/source/unwind/row';

const STACK_POINTER = 7;
const bytes = (text: string): number[] => text.split(' ').map((byte) => Number.parseInt(byte, 16));

function entry(words: readonly number[], body: readonly number[]): Buffer {
  const padded = [...body, ...Array<number>((8 - ((body.length + 4) % 8)) % 8).fill(0)];
  const head = Buffer.alloc(4 + words.length * 4);
  head.writeUInt32LE(words.length * 4 + padded.length, 0);
  words.forEach((word, index) => {
    head.writeUInt32LE(word >>> 0, 4 + index * 4);
  });
  return Buffer.concat([head, Buffer.from(padded)]);
}

/** `zR`, code 1, data −8, return address 16, pointers pc-relative of four bytes; CFA = rsp + 8, return address at −8. */
const COMMON = entry([0], bytes('01 7a 52 00 01 78 10 01 1b 0c 07 08 90 01'));
const ADDRESS = 0x1000;
const FUNCTION = 0x5000;

/** A section of that and one function of 0x40 bytes with these instructions. */
function section(instructions: string): Buffer {
  const at = COMMON.length;
  const start = FUNCTION - (ADDRESS + at + 8);
  const frame = entry([at + 4, start, 0x40], [0, ...bytes(instructions)]);
  return Buffer.concat([COMMON, frame, Buffer.alloc(4)]);
}

function row(instructions: string, offset: number) {
  const index = new FrameIndex(section(instructions), ADDRESS, 'eh_frame');
  const found = index.find(FUNCTION + offset);
  return found && rowAt(found, FUNCTION + offset, STACK_POINTER);
}

describe('rows of unwind tables', () => {
  /** push %rbp; mov %rsp,%rbp; …; leave. */
  const USUAL = '41 0e 10 86 02 43 0d 06 60 c6 0c 07 08';

  it('change as the function goes on', () => {
    expect(row(USUAL, 0)?.cfa).toEqual({ register: 7, offset: 8 });
    expect(row(USUAL, 1)?.cfa).toEqual({ register: 7, offset: 16 });
    expect(row(USUAL, 1)?.rules.get(6)).toEqual({ kind: 'at', offset: -16 });
    expect(row(USUAL, 4)).toMatchObject({ cfa: { register: 6, offset: 16 }, framePointerAt: FUNCTION + 4 });
    expect(row(USUAL, 0x24)?.cfa).toEqual({ register: 7, offset: 8 });
    expect(row(USUAL, 0x24)?.rules.has(6)).toBe(false);
    expect(row(USUAL, 0)?.rules.get(16)).toEqual({ kind: 'at', offset: -8 });
  });

  it('end with their function', () => {
    expect(row(USUAL, 0x3f)).toBeDefined();
    expect(row(USUAL, 0x40)).toBeUndefined();
    expect(row(USUAL, -1)).toBeUndefined();
  });

  it('are remembered and recalled', () => {
    const kept = '42 0e 20 0a 42 0e 30 42 0b';
    expect(row(kept, 4)?.cfa).toEqual({ register: 7, offset: 0x30 });
    expect(row(kept, 6)?.cfa).toEqual({ register: 7, offset: 0x20 });
  });

  it('say which function is the first of a stack', () => {
    expect(row('07 10', 0)?.rules.get(16)).toEqual({ kind: 'undefined' });
  });

  it('are refused where an instruction is unknown', () => {
    expect(row('3f', 0)).toBeUndefined();
    expect(row('0b', 0)).toBeUndefined();
  });

  it('are refused where an entry goes on in the next one', () => {
    // Its augmentation says that it is 32 bytes long: the next entry's.
    const entries = [section(USUAL).subarray(0, -4), section(USUAL).subarray(COMMON.length)];
    const at = COMMON.length + 16;
    for (const [length, found] of [
      [0, FUNCTION],
      [32, undefined],
    ] as const) {
      const data = Buffer.concat(entries);
      data.writeUInt8(length, at);
      expect(new FrameIndex(data, ADDRESS, 'eh_frame').find(FUNCTION + 4)?.start).toBe(found);
    }
  });

  it('survive any damage, and end', () => {
    const whole = section(USUAL);
    let state = 1;
    for (let round = 0; round < 20_000; round++) {
      const torn = Buffer.from(whole.subarray(0, round % 3 === 0 ? state % whole.length : whole.length));
      for (let change = 0; change < 3 && torn.length > 0; change++) {
        state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
        torn.writeUInt8(state % 256, (state >>> 8) % torn.length);
      }
      const found = new FrameIndex(torn, ADDRESS, 'eh_frame').find(FUNCTION + 4);
      if (found) rowAt(found, FUNCTION + 4, STACK_POINTER);
      const first = entryAt(torn, state % 64, 'debug_frame');
      const common = readCommon(torn, first);
      if (first && common) readFrameEntry(torn, ADDRESS, first, common);
    }
  });
});

describe('expressions', () => {
  const values: Values = {
    register: (number) => (number === 7 ? 0x7000 : number === 16 ? 0x1235 : undefined),
    word: (address) => (address === 0x7010 ? 0x42 : undefined),
    bytes: (address, length) => (address === 0x7010 ? Buffer.alloc(length, 0x11) : undefined),
  };
  const run = (text: string, initial?: number) => evaluate(Buffer.from(bytes(text)), values, initial);

  it.each([
    // rsp + 8 + ((rip & 15) >= 5) << 3: how linkers describe their linkage tables.
    ['77 08 80 00 3f 1a 35 2a 33 24 22', undefined, 0x7010],
    ['77 08 80 00 3f 1a 3b 2a 33 24 22', undefined, 0x7008],
    ['77 10 06', undefined, 0x42],
    ['77 10 94 02', undefined, 0x1111],
    ['23 08', 0x100, 0x108],
    ['31 32 33 17 1c 1c', undefined, 4],
    ['31 12 22', undefined, 2],
    ['2f 01 00 96 34', undefined, 4],
    ['31 32 16 1c', undefined, 1],
    // const1s -2, const2s -2, const4s -2, const8s and const8u -2, each less the one before: 0 but for the last.
    ['09 fe 0b fe ff 1c', undefined, 0],
    ['0d fe ff ff ff 0f fe ff ff ff ff ff ff ff 1c', undefined, 0],
    ['0e fe ff ff ff ff ff ff ff 34 22', undefined, 2],
  ])('%s', (text, initial, expected) => {
    expect(run(text, initial)).toBe(expected);
  });

  it.each([
    ['a register that is not known', '70 00'],
    ['memory that cannot be read', '77 00 06'],
    ['an empty stack', '22'],
    ['an unknown operation', 'ff'],
    ['a circle', '2f fd ff'],
    ['no bytes', '08'],
  ])('give nothing for %s', (_name, text) => {
    expect(run(text)).toBeUndefined();
  });
});
