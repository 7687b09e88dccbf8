import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Chain,
  DESCRIPTOR_SLOT,
  type KernelRecord,
  type SlabScan,
} from '../../../src/probe/kernelProtocol';
import {
  decodeGathered,
  decodeWayEnd,
  encodeChain,
  encodeChase,
  encodeFind,
  encodeRange,
  encodeScan,
} from '../../../src/probe/kernelWire';
import { WireError } from '../../../src/probe/wire';

const chain: Chain = {
  head: 0xffff_8880_1234_5678n,
  buckets: 2,
  stride: 16,
  next: -8,
  circular: true,
  node: 24,
  length: 224,
  most: 1000,
};

const scan: SlabScan = {
  pages: 0xffff_ea00_0000_0000n,
  pageSize: 64,
  direct: 0xffff_8880_0000_0000n,
  first: 2 ** 33,
  count: 7,
  cache: 1n,
  cacheOffset: 8,
  slabSize: 8192,
  objectSize: 224,
  matchOffset: 96,
  match: 2n,
  length: 200,
  most: 50,
};

const hex = (text: string): string => text.replaceAll(' ', '');

describe("a question about the kernel's memory", () => {
  it('has the bytes of wire.h', () => {
    const find = encodeFind(258, { steps: [16, DESCRIPTOR_SLOT], last: -1, length: 3 });
    expect(find.toString('hex')).toBe(
      hex('01 02010000 ffffffffffffffff 03000000 1000000000000000 0000000000000080'),
    );
    expect(encodeRange({ address: 0xffff_8000_0000_0001n, length: 5 }).toString('hex')).toBe(
      hex('02 010000000080ffff 05000000'),
    );
    const chase = encodeChase({ from: 1n, steps: [-16], last: 2 ** 40, length: 0 });
    expect(chase.toString('hex')).toBe(hex('03 0100000000000000 0000000000010000 00000000 f0ffffffffffffff'));
    expect(encodeChain(chain).toString('hex')).toBe(
      hex('04 785634128088ffff 02000000 10000000 f8ffffffffffffff 1800000000000000 e0000000 e8030000 01'),
    );
    expect(encodeChain({ ...chain, circular: false }).at(-1)).toBe(0);
    expect(encodeScan(scan).toString('hex')).toBe(
      hex(`05 0000000000eaffff 000000008088ffff 0000000002000000 0700000000000000 0100000000000000
        0200000000000000 40000000 08000000 00200000 e0000000 60000000 c8000000 32000000`).replaceAll(
        '\n',
        '',
      ),
    );
  });

  it('can be put for any numbers', () => {
    const number = fc.oneof(fc.integer(), fc.double());
    const property = fc.property(fc.array(number), number, fc.bigInt(), (steps, other, address) => {
      const way = { steps, last: other, length: other };
      expect(encodeFind(other, way).length).toBe(17 + 8 * steps.length);
      expect(encodeChase({ ...way, from: address }).length).toBe(21 + 8 * steps.length);
      expect(encodeRange({ address, length: other }).length).toBe(13);
      expect(encodeChain({ ...chain, head: address, next: other, buckets: other }).length).toBe(42);
      expect(encodeScan({ ...scan, match: address, first: other, most: other }).length).toBe(77);
    });
    fc.assert(property);
  });
});

const record = (length: number): fc.Arbitrary<KernelRecord> =>
  fc.record({
    address: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    data: fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes)),
  });

function bytesOf({ address, data }: KernelRecord): Buffer {
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(address, 0);
  return Buffer.concat([head, data]);
}

function gathered(end: number, length: number, records: readonly KernelRecord[]): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(end, 0);
  head.writeUInt32LE(length, 4);
  return Buffer.concat([head, ...records.map(bytesOf)]);
}

describe("an answer about the kernel's memory", () => {
  it('gives back what was gathered', () => {
    const ends = ['complete', 'fault', 'cycle', 'most'] as const;
    const some = fc
      .nat({ max: 40 })
      .chain((length) => fc.tuple(fc.constant(length), fc.array(record(length))));
    const property = fc.property(fc.nat({ max: 3 }), some, (end, [length, records]) => {
      expect(decodeGathered(gathered(end, length, records), length)).toEqual({ end: ends[end], records });
    });
    fc.assert(property);
  });

  it('gives back the end of a way', () => {
    const property = fc.property(record(12), (end) => {
      expect(decodeWayEnd(bytesOf(end), 12)).toEqual(end);
      for (const length of [11, 13, Number.NaN]) {
        expect(() => decodeWayEnd(bytesOf(end), length)).toThrow(WireError);
      }
    });
    fc.assert(property);
  });

  it('is refused where it is not what was asked for', () => {
    const good = gathered(0, 4, [{ address: 1n, data: Buffer.alloc(4) }]);
    expect(decodeGathered(good, 4).records.length).toBe(1);
    expect(() => decodeGathered(good, 12), 'other records').toThrow(WireError);
    expect(() => decodeGathered(good.subarray(0, -1), 4), 'half a record').toThrow(WireError);
    expect(() => decodeGathered(Buffer.alloc(7), 0), 'half a head').toThrow(WireError);
    expect(() => decodeGathered(gathered(4, 0, []), 0), 'an unknown end').toThrow(WireError);
  });

  it('throws nothing but a WireError for garbage', () => {
    const property = fc.property(fc.uint8Array(), fc.integer(), (garbage, length) => {
      for (const decode of [decodeWayEnd, decodeGathered]) {
        try {
          decode(Buffer.from(garbage), length);
        } catch (error) {
          expect(error).toBeInstanceOf(WireError);
        }
      }
    });
    fc.assert(property);
  });
});
