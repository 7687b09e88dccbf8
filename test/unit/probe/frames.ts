import { errnoName } from '../../../src/probe/errno';
import { type ListEntry, PROTOCOL, type ReadResult } from '../../../src/probe/protocol';

/** Frames as the probe writes them (src/probe/wire.h). */
export function frameOf(kind: number, id: number, rest: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(8 + rest.length, 0);
  head.writeUInt8(kind, 4);
  head.writeUInt32LE(id, 8);
  return Buffer.concat([head, rest]);
}

export function helloFrame(protocol = PROTOCOL): Buffer {
  const fixed = Buffer.alloc(44);
  fixed.write('IURP', 0);
  fixed.writeUInt16LE(protocol, 4);
  fixed.writeUInt32LE(4242, 8);
  fixed.writeUInt32LE(1000, 12);
  fixed.writeBigUInt64LE(0x1ffffffffffn, 16);
  fixed.writeBigUInt64LE(123_456_789_012n, 24);
  fixed.writeUInt32LE(4096, 32);
  fixed.writeUInt32LE(100, 36);
  fixed.writeUInt32LE(8, 40);
  return frameOf(1, 0, Buffer.concat([fixed, ...['0.1.0', 'x86_64', '6.18.44', 'db1'].map(text)]));
}

function text(value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16LE(value.length);
  return Buffer.concat([length, Buffer.from(value)]);
}

/** An answer as the probe sends it. */
export interface Answer {
  /** 0 = good. */
  readonly errno: number;
  readonly truncated: boolean;
  readonly data: Buffer;
}

/** What the decoder makes of an answer. */
export function resultOf({ errno, truncated, data }: Answer): ReadResult {
  return errno === 0 ? { ok: true, data, truncated } : { ok: false, errno: errnoName(errno) };
}

export function answersFrame(id: number, answers: readonly Answer[]): Buffer {
  const parts = answers.map(({ errno, truncated, data }) => {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(data.length, 0);
    head.writeUInt16LE(errno, 4);
    head.writeUInt8(truncated ? 1 : 0, 6);
    return Buffer.concat([head, data]);
  });
  return frameOf(2, id, Buffer.concat(parts));
}

export function doneFrame(id: number, count: number): Buffer {
  const rest = Buffer.alloc(4);
  rest.writeUInt32LE(count);
  return frameOf(3, id, rest);
}

export function fatalFrame(why: string): Buffer {
  return frameOf(4, 0, Buffer.from(why));
}

export function listingOf(entries: readonly ListEntry[]): Buffer {
  const parts = entries.map(({ name, link }) => {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(Buffer.byteLength(name), 0);
    head.writeUInt16LE(link === undefined ? 0xffff : Buffer.byteLength(link), 2);
    return Buffer.concat([head, Buffer.from(name), Buffer.from(link ?? '')]);
  });
  return Buffer.concat(parts);
}
