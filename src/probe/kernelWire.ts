/** Bodies and answers of the verb kernel; wire.h describes them. */
import {
  type Chain,
  type ChainResult,
  type Chase,
  DESCRIPTOR_SLOT,
  type FindWay,
  type KernelRecord,
  type SlabScan,
} from './kernelProtocol';
import type { MemoryRange } from './protocol';
import { u32, WireError } from './wire';

const kinds = { find: 1, range: 2, chase: 3, chain: 4, scan: 5 } as const;
/** By their numbers. */
const ends = ['complete', 'fault', 'cycle', 'most'] as const;
const SLOT = 1n << 63n;
const WAY_HEAD = 12;
const ADDRESS = 8;
const GATHERED_HEAD = 8;

type Gathered = Omit<Extract<ChainResult, { ok: true }>, 'ok'>;

/** Two's complement; 0 for what is no whole number. */
function i64(value: number): bigint {
  return Number.isSafeInteger(value) ? BigInt.asUintN(64, BigInt(value)) : 0n;
}

function u64(value: bigint): bigint {
  return BigInt.asUintN(64, value);
}

/** More steps than a body has room for (600) leave the item refused: EINVAL. */
function writeWay(body: Buffer, way: FindWay, at: number): Buffer {
  body.writeBigUInt64LE(i64(way.last), at);
  body.writeUInt32LE(u32(way.length), at + 8);
  for (const [index, step] of way.steps.entries())
    body.writeBigUInt64LE(step === DESCRIPTOR_SLOT ? SLOT : i64(step), at + WAY_HEAD + 8 * index);
  return body;
}

export function encodeFind(pid: number, way: FindWay): Buffer {
  const body = Buffer.alloc(5 + WAY_HEAD + 8 * way.steps.length);
  body.writeUInt8(kinds.find, 0);
  body.writeUInt32LE(u32(pid), 1);
  return writeWay(body, way, 5);
}

export function encodeRange(range: Pick<MemoryRange, 'address' | 'length'>): Buffer {
  const body = Buffer.alloc(13);
  body.writeUInt8(kinds.range, 0);
  body.writeBigUInt64LE(u64(range.address), 1);
  body.writeUInt32LE(u32(range.length), 9);
  return body;
}

export function encodeChase(way: Chase & { readonly from: bigint }): Buffer {
  const body = Buffer.alloc(9 + WAY_HEAD + 8 * way.steps.length);
  body.writeUInt8(kinds.chase, 0);
  body.writeBigUInt64LE(u64(way.from), 1);
  return writeWay(body, way, 9);
}

export function encodeChain(chain: Chain): Buffer {
  const body = Buffer.alloc(42);
  body.writeUInt8(kinds.chain, 0);
  body.writeBigUInt64LE(u64(chain.head), 1);
  body.writeUInt32LE(u32(chain.buckets), 9);
  body.writeUInt32LE(u32(chain.stride), 13);
  body.writeBigUInt64LE(i64(chain.next), 17);
  body.writeBigUInt64LE(i64(chain.node), 25);
  body.writeUInt32LE(u32(chain.length), 33);
  body.writeUInt32LE(u32(chain.most), 37);
  body.writeUInt8(chain.circular ? 1 : 0, 41);
  return body;
}

export function encodeScan(scan: SlabScan): Buffer {
  const body = Buffer.alloc(77);
  body.writeUInt8(kinds.scan, 0);
  const wide = [scan.pages, scan.direct, i64(scan.first), i64(scan.count), scan.cache, scan.match];
  for (const [index, value] of wide.entries()) body.writeBigUInt64LE(u64(value), 1 + 8 * index);
  const narrow = [
    scan.pageSize,
    scan.cacheOffset,
    scan.slabSize,
    scan.objectSize,
    scan.matchOffset,
    scan.length,
    scan.most,
  ];
  for (const [index, value] of narrow.entries()) body.writeUInt32LE(u32(value), 49 + 4 * index);
  return body;
}

/** Answer to a way with `length` bytes at its end. Throws a WireError for any other. */
export function decodeWayEnd(data: Buffer, length: number): KernelRecord {
  if (data.length !== ADDRESS + u32(length))
    throw new WireError(`The end of a way through memory has ${data.length} bytes.`);
  return { address: data.readBigUInt64LE(0), data: data.subarray(ADDRESS) };
}

/** Answer to a chain or scan for records of `length` bytes. Throws a WireError for any other. */
export function decodeGathered(data: Buffer, length: number): Gathered {
  if (data.length < GATHERED_HEAD) throw new WireError('Gathered records are cut short.');
  const end = ends[data.readUInt32LE(0)];
  if (end === undefined || data.readUInt32LE(4) !== u32(length))
    throw new WireError('Gathered records are not those that were asked for.');
  const each = ADDRESS + u32(length);
  if ((data.length - GATHERED_HEAD) % each !== 0)
    throw new WireError('Gathered records end within a record.');
  const records: KernelRecord[] = [];
  for (let at = GATHERED_HEAD; at < data.length; at += each) {
    records.push({ address: data.readBigUInt64LE(at), data: data.subarray(at + ADDRESS, at + each) });
  }
  return { records, end };
}
