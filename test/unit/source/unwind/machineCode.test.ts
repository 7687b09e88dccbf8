import { describe, expect, it } from 'vitest';
import { AddressSpace } from '../../../../src/source/unwind/addressSpace';
import { behindStub, callBefore } from '../../../../src/source/unwind/calls';
import { belowFramePointer, movesStackPointer } from '../../../../src/source/unwind/prologue';

const BASE = 0x40_0000;

/** Memory that holds these bytes at BASE, as far as a page. */
async function memory(at: number, code: readonly number[]): Promise<AddressSpace> {
  const page = Buffer.alloc(4096);
  page.set(code, at);
  const space = new AddressSpace();
  space.want(BASE, 4096);
  await space.fetch((ranges) =>
    Promise.resolve(ranges.map(() => ({ ok: true, data: page, truncated: false }))),
  );
  return space;
}

const bytes = (text: string): number[] => text.split(' ').map((byte) => Number.parseInt(byte, 16));
/** Padded as code goes on. */
const body = (text: string): Buffer => Buffer.from([...bytes(text), ...Array<number>(32).fill(0x90)]);

describe('the call before a return address', () => {
  it.each([
    ['e8 10 00 00 00', { target: BASE + 0x110 }],
    ['ff d0', {}],
    ['41 ff d7', {}],
    ['ff 53 18', {}],
    ['ff 94 24 00 01 00 00', {}],
    ['ff 14 c5 00 10 40 00', {}],
    ['41 ff 54 24 08', {}],
    ['ff e0', undefined],
    ['48 89 c7', undefined],
    ['ff 50', undefined],
  ])('%s', async (code, expected) => {
    const call = bytes(code);
    const space = await memory(0x100 - call.length, call);
    expect(callBefore(space, BASE + 0x100)).toEqual(expected);
  });

  it('through a table of addresses: what stands there', async () => {
    const call = bytes('ff 15 00 01 00 00');
    const code = [...call, ...Array<number>(0x100).fill(0), ...bytes('78 56 34 12 00 00 00 00')];
    const space = await memory(0x100 - call.length, code);
    expect(callBefore(space, BASE + 0x100)).toEqual({ target: 0x1234_5678 });
  });

  it.each([
    ['an entry of the linkage table', 'f3 0f 1e fa ff 25 00 01 00 00', 10],
    ['an older one', 'ff 25 00 01 00 00', 6],
    ['one with bnd', 'f3 0f 1e fa f2 ff 25 00 01 00 00', 11],
  ])('leads on from %s', async (_name, stub, length) => {
    const code = [...bytes(stub), ...Array<number>(0x100).fill(0), ...bytes('00 70 40 00 00 00 00 00')];
    const space = await memory(0x80, code);
    expect(behindStub(space, BASE + 0x80)).toBe(0x40_7000);
    expect(length).toBe(bytes(stub).length);
  });

  it('stays with a function that is none', async () => {
    const space = await memory(0x80, bytes('55 48 89 e5'));
    expect(behindStub(space, BASE + 0x80)).toBe(BASE + 0x80);
  });
});

describe('what a function does below its frame pointer', () => {
  it.each([
    ['nothing', '90 c3', 0],
    ['sub of a byte', '48 83 ec 20', 0x20],
    ['sub of a word', '48 81 ec 00 10 00 00', 0x1000],
    ['add of a negative byte', '48 83 c4 80', 0x80],
    ['pushes, moves and a sub', '41 57 41 56 53 89 fb 48 83 ec 18', 0x30],
    ['moves of the scheduler between', '53 48 8b 05 00 00 00 00 66 0f ef c0 48 83 ec 08', 0x10],
    ['aligned anew', '48 83 e4 c0', undefined],
  ])('%s', (_name, code, depth) => {
    expect(belowFramePointer(body(code))).toBe(depth);
  });

  it('sees that the stack pointer is moved by what only a run tells', () => {
    expect(movesStackPointer(body('48 29 c4'))).toBe(true);
    expect(movesStackPointer(body('4c 29 e4'))).toBe(true);
    expect(movesStackPointer(body('48 89 ec'))).toBe(false);
    expect(movesStackPointer(body('48 83 ec 20'))).toBe(false);
  });
});
