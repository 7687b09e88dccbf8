import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStackSamples } from '../../../src/trace/stackSamples';

/** A sample as perf writes it, of x86-64. */
function sampleOf({
  abi = 2n,
  size = 16,
  copied = size,
}: {
  readonly abi?: bigint;
  readonly size?: number;
  readonly copied?: number;
} = {}): Buffer {
  const raw = Buffer.from('0102030405060708', 'hex');
  const words = (...values: bigint[]) => {
    const buffer = Buffer.alloc(values.length * 8);
    for (const [index, value] of values.entries()) buffer.writeBigUInt64LE(value, index * 8);
    return buffer;
  };
  const ids = Buffer.alloc(8);
  ids.writeUInt32LE(42, 0);
  ids.writeUInt32LE(43, 4);
  const rawSize = Buffer.alloc(4);
  rawSize.writeUInt32LE(12);
  const registers = Array.from({ length: 17 }, (_, number) => BigInt(0x1000 + number));
  const body = Buffer.concat([
    ids,
    words(1_000_500n),
    rawSize,
    raw,
    Buffer.alloc(4),
    words(abi),
    ...(abi === 0n ? [] : [words(...registers)]),
    words(BigInt(size)),
    Buffer.alloc(size, 7),
    ...(size === 0 ? [] : [words(BigInt(copied))]),
  ]);
  return recordOf(9, body);
}

function recordOf(type: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(type, 0);
  head.writeUInt16LE(8 + body.length, 6);
  return Buffer.concat([head, body]);
}

describe('samples of submits', () => {
  it('have registers by their DWARF numbers, and as much of the stack as could be copied', () => {
    const { samples, lost } = readStackSamples(sampleOf({ copied: 8 }), 'x86_64', 1_000_000n);
    expect(lost).toBe(0);
    expect(samples).toHaveLength(1);
    expect(samples[0]).toMatchObject({ pid: 42, tid: 43, time: 500, pc: 0x1008n, sp: 0x1007n });
    // AX BX CX DX SI DI BP SP, IP, R8 to R15 in the kernel's order; rdx, rcx and rbx are 1, 2, 3 to DWARF.
    expect(samples[0]?.registers.map(Number)).toEqual(
      [0, 3, 2, 1, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16].map((number) => 0x1000 + number),
    );
    expect(samples[0]?.stack.toString('hex')).toBe('0707070707070707');
    expect(samples[0]?.record.toString('hex', 0, 8)).toBe('0102030405060708');
  });

  it('without user registers, or of another machine, are left out', () => {
    expect(readStackSamples(sampleOf({ abi: 0n }), 'x86_64', 0n).samples).toEqual([]);
    expect(readStackSamples(sampleOf(), 'riscv64', 0n).samples).toEqual([]);
    expect(readStackSamples(sampleOf({ size: 0 }), 'x86_64', 0n).samples[0]?.stack).toHaveLength(0);
  });

  it('that the kernel lost are counted', () => {
    const body = Buffer.alloc(16);
    body.writeBigUInt64LE(33n, 8);
    const { samples, lost } = readStackSamples(Buffer.concat([recordOf(2, body), sampleOf()]), 'x86_64', 0n);
    expect([samples.length, lost]).toEqual([1, 33]);
  });

  it('that are damaged never throw', () => {
    const whole = sampleOf();
    for (let length = 0; length < whole.length; length++)
      expect(readStackSamples(whole.subarray(0, length), 'x86_64', 0n).samples).toEqual([]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const hostile = recordOf(9, Buffer.from(bytes));
        readStackSamples(hostile, 'x86_64', 0n);
        readStackSamples(hostile, 'aarch64', 0n);
      }),
    );
  });
});
