/** Bodies and answers of the verb elf; wire.h describes them. */
import type { BinaryFile, BinaryIdentity } from './elfProtocol';
import { u32 } from './wire';

const kinds = { mapped: 1, executable: 2, inside: 3, perfMap: 4 } as const;
const HEAD = 17;
const IDENTITY = 32;

/** Of `length` 0 for the file's identity. */
export function encodeElf(file: BinaryFile, offset: number, length: number): Buffer {
  const rest = restOf(file);
  const body = Buffer.alloc(HEAD + rest.length);
  body.writeUInt8(kinds[file.kind], 0);
  body.writeUInt32LE(u32(file.pid), 1);
  body.writeBigUInt64LE(BigInt(Math.max(0, Math.floor(offset) || 0)), 5);
  body.writeUInt32LE(u32(length), 13);
  rest.copy(body, HEAD);
  return body;
}

function restOf(file: BinaryFile): Buffer {
  if (file.kind === 'executable') return Buffer.alloc(0);
  if (file.kind === 'inside') return Buffer.from(file.path, 'utf8');
  if (file.kind === 'perfMap') {
    const number = Buffer.alloc(4);
    number.writeUInt32LE(u32(file.number));
    return number;
  }
  const rest = Buffer.alloc(16);
  rest.writeBigUInt64LE(BigInt.asUintN(64, file.start), 0);
  rest.writeBigUInt64LE(BigInt.asUintN(64, file.end), 8);
  return rest;
}

/** Undefined for what is no identity. */
export function decodeIdentity(data: Buffer): BinaryIdentity | undefined {
  if (data.length < IDENTITY) return undefined;
  return {
    size: Number(data.readBigUInt64LE(0)),
    inode: data.readBigUInt64LE(8),
    device: data.readBigUInt64LE(16),
    modified: Number(data.readBigInt64LE(24)),
  };
}
