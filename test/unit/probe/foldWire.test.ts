import { describe, expect, it } from 'vitest';
import { decodeFolded, decodeRecords, encodeFold } from '../../../src/probe/foldWire';
import { WireError } from '../../../src/probe/wire';

const format = { id: 0x85c, kind: 1, ctx: 8, req: 16, data: 24, opcode: 32, value: 48, flags: 0 };

function row(errors: readonly number[], classes: readonly number[], completed: number): Buffer {
  const head = Buffer.alloc(60);
  head.writeUInt8(22, 0);
  head.writeUInt8(errors.length / 2, 1);
  head.writeInt32LE(-1, 4);
  for (const [index, value] of [7, completed, 1, 2, 3, 4].entries()) head.writeUInt32LE(value, 8 + 4 * index);
  head.writeBigUInt64LE(100n, 32);
  head.writeBigUInt64LE(5_000_000_000n, 40);
  head.writeBigUInt64LE(6_000_000_000n, 48);
  head.writeUInt32LE(classes.length / 2, 56);
  const tail = Buffer.alloc(4 * (errors.length + classes.length));
  for (const [index, value] of [...errors, ...classes].entries()) tail.writeUInt32LE(value, 4 * index);
  return Buffer.concat([head, tail]);
}

const told = (...rows: Buffer[]): Buffer => {
  const head = Buffer.alloc(24);
  for (let index = 0; index < 6; index++) head.writeUInt32LE(index + 1, 4 * index);
  return Buffer.concat([head, ...rows]);
};

describe('what is to be folded', () => {
  it('has a threshold, formats and rings', () => {
    const rings = [0xffff_8881_0000_0000n];
    const body = encodeFold({ slower: 1234.5, origin: 0x1122_3344n, data: 16, formats: [format], rings });
    expect(body.toString('hex', 0, 24)).toBe('d20400000000000044332211000000001000010001000000');
    expect(body.toString('hex', 24, 40)).toBe('5c080100080010001800200030000000');
    expect(body.readBigUInt64LE(40)).toBe(0xffff_8881_0000_0000n);
    expect(body).toHaveLength(48);
  });

  it('is told of 16 formats and 64 rings at the most', () => {
    const formats = Array.from({ length: 40 }, () => format);
    const rings = Array.from({ length: 100 }, (_, number) => BigInt(number));
    expect(encodeFold({ slower: -1, origin: 0n, data: 16, formats, rings })).toHaveLength(
      24 + 16 * 16 + 8 * 64,
    );
  });
});

describe('what was folded', () => {
  it('is rows of counts, with latencies at the middle of their classes', () => {
    const [first, ...others] = decodeFolded(
      told(row([9, 3], [200, 1, 256, 2, 384, 4], 9), row([], [], 1)),
    ).rows;
    expect(first).toEqual({
      opcode: 22,
      fd: -1,
      second: 7,
      completed: 9,
      punted: 1,
      pollArmed: 2,
      deferred: 3,
      forced: 4,
      errors: new Map([[9, 3]]),
      latencies: [
        [100, 1],
        [200, 1],
        [257, 2],
        [514, 4],
        [5e9, 1],
      ],
      sum: 6e9,
    });
    expect(others).toMatchObject([{ completed: 1, latencies: [[100, 1]] }]);
    expect(decodeFolded(told())).toEqual({
      bytes: 1,
      events: 2,
      requests: 3,
      polled: 4,
      lost: 5,
      damaged: 6,
      rows: [],
    });
  });

  it('is refused where it ends early, or names a class that there is not', () => {
    const whole = told(row([9, 3], [200, 1], 3));
    for (const length of [0, 23, 25, 40, 68, whole.length - 1])
      expect(() => decodeFolded(whole.subarray(0, length)), String(length)).toThrow(WireError);
    expect(() => decodeFolded(told(row([], [41 * 128 + 128, 1], 3)))).toThrow(WireError);
    expect(() => decodeFolded(told(row([], [0xffff_ffff, 1], 3)))).toThrow(WireError);
  });
});

describe('records that were not folded', () => {
  it('have their time and length before them', () => {
    const data = Buffer.from(
      '0102030405060708' + '03000000' + 'aabbcc' + '0000000000000000' + '01000000' + 'dd',
      'hex',
    );
    expect(decodeRecords(data)).toEqual([
      { time: 0x0807060504030201n, data: Buffer.from('aabbcc', 'hex') },
      { time: 0n, data: Buffer.from('dd', 'hex') },
    ]);
    for (const length of [1, 11, 14, 27])
      expect(() => decodeRecords(data.subarray(0, length)), String(length)).toThrow(WireError);
  });
});
