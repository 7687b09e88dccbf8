import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAioRing } from '../../../src/ring/aioRing';
import { readIocb } from '../../../src/ring/iocb';

/** A ring's header as the kernel makes it for one page. */
function header(fields: Readonly<Record<number, number>> = {}): Buffer {
  const bytes = Buffer.alloc(32);
  const words = { 0: 0, 1: 127, 2: 0, 3: 0, 4: 0xa10a10a1, 5: 1, 6: 0, 7: 32, ...fields };
  for (const [index, word] of Object.entries(words)) bytes.writeUInt32LE(word, 4 * Number(index));
  return bytes;
}

describe('the ring of a Linux AIO context', () => {
  it.each([
    [0, 0, 0],
    [3, 8, 5],
    [120, 2, 9],
    [126, 0, 1],
  ])('from %d to %d has %d completions', (head, tail, unreaped) => {
    expect(readAioRing(header({ 2: head, 3: tail }), 4096)).toEqual({ capacity: 126, head, tail, unreaped });
  });

  it.each([
    ['another number of entries', { 1: 128 }],
    ['a head beyond them', { 2: 127 }],
    ['a tail beyond them', { 3: 0xffffffff }],
    ['another magic', { 4: 0xa10a10a0 }],
    ['a longer header', { 7: 64 }],
  ])('with %s is none of the kernel’s making', (_, fields) => {
    expect(readAioRing(header(fields), 4096)).toBeUndefined();
  });

  it('is as long as its mapping, not as it says', () => {
    expect(readAioRing(header(), 8192)).toBeUndefined();
    expect(readAioRing(header({ 1: 255 }), 8192)?.capacity).toBe(254);
    expect(readAioRing(header().subarray(0, 31), 4096)).toBeUndefined();
  });

  it('never has more completions than it has room for', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(1 << 24), (bytes, mapped) => {
        const noise = Buffer.from(bytes);
        for (const [at, word] of [
          [4, Math.floor((mapped - 32) / 32) >>> 0],
          [16, 0xa10a10a1],
          [28, 32],
        ] as const)
          noise.writeUInt32LE(word, at);
        const ring = readAioRing(noise, mapped);
        if (ring) expect(ring.unreaped).toBeLessThanOrEqual(ring.capacity);
      }),
    );
  });
});

/** An iocb as a program fills it. */
function iocb(operation: number, fields: Readonly<Record<number, bigint>> = {}): Buffer {
  const bytes = Buffer.alloc(64);
  bytes.writeBigUInt64LE(0x1001n, 0);
  bytes.writeUInt16LE(operation, 16);
  bytes.writeUInt32LE(5, 20);
  bytes.writeBigUInt64LE(0x7f0000001000n, 24);
  bytes.writeBigUInt64LE(4096n, 32);
  bytes.writeBigInt64LE(131072n, 40);
  for (const [at, word] of Object.entries(fields)) bytes.writeBigUInt64LE(word, Number(at));
  return bytes;
}

describe('an iocb', () => {
  it('says what it asks for', () => {
    expect(readIocb(iocb(1))).toEqual({
      operation: 'PWRITE',
      data: 0x1001n,
      fd: 5,
      address: 0x7f0000001000n,
      length: 4096,
      offset: 131072,
    });
    const names = [0, 1, 2, 3, 5, 6, 7, 8].map((operation) => readIocb(iocb(operation))?.operation);
    expect(names).toEqual(['PREAD', 'PWRITE', 'FSYNC', 'FDSYNC', 'POLL', 'NOOP', 'PREADV', 'PWRITEV']);
  });

  it.each([
    ['an operation there is none of', iocb(4)],
    ['an operation of the future', iocb(77)],
    ['a key', iocb(0, { 8: 1n })],
    ['something reserved', iocb(0, { 48: 1n })],
    ['a length beyond all files', iocb(0, { 32: 1n << 63n })],
    ['too few bytes', iocb(0).subarray(0, 63)],
  ])('with %s is none', (_, bytes) => {
    expect(readIocb(bytes)).toBeUndefined();
  });
});
