/** What is folded of a trace, as wire.h has it. */
import type { FoldAsked, Folded, FoldedRow } from './traceProtocol';
import { u32, WireError } from './wire';

const MOST_FORMATS = 16;
const MOST_RINGS = 64;
const HEAD = 24;
const FORMAT = 16;
const RECORD_HEAD = 12;
const FOLDED_HEAD = 24;
const ROW_HEAD = 60;
/** Latencies below are told exactly. */
const EXACT = 256;
const CLASSES = 41 * 128 + 128;

/** Of the formats the first 16, of the rings the first 64. */
export function encodeFold({ slower, origin, data, formats, rings }: FoldAsked): Buffer {
  const told = formats.slice(0, MOST_FORMATS);
  const folded = rings.slice(0, MOST_RINGS);
  const body = Buffer.alloc(HEAD + FORMAT * told.length + 8 * folded.length);
  body.writeBigUInt64LE(BigInt(Math.max(0, Math.floor(slower))), 0);
  body.writeBigUInt64LE(BigInt.asUintN(64, origin), 8);
  body.writeUInt16LE(data, 16);
  body.writeUInt16LE(told.length, 18);
  body.writeUInt32LE(folded.length, 20);
  let at = HEAD;
  for (const { id, kind, ctx, req, data: userData, opcode, value, flags } of told)
    for (const field of [id, kind, ctx, req, userData, opcode, value, flags]) {
      body.writeUInt16LE(u32(field) & 0xffff, at);
      at += 2;
    }
  for (const ring of folded) {
    body.writeBigUInt64LE(BigInt.asUintN(64, ring), at);
    at += 8;
  }
  return body;
}

export function decodeRecords(data: Buffer): { readonly time: bigint; readonly data: Buffer }[] {
  const records: { time: bigint; data: Buffer }[] = [];
  for (let at = 0; at < data.length; ) {
    const length = at + RECORD_HEAD > data.length ? Number.POSITIVE_INFINITY : data.readUInt32LE(at + 8);
    const end = at + RECORD_HEAD + length;
    if (end > data.length) throw new WireError('What was traced ends within a record.');
    records.push({ time: data.readBigUInt64LE(at), data: data.subarray(at + RECORD_HEAD, end) });
    at = end;
  }
  return records;
}

export function decodeFolded(data: Buffer): Folded {
  if (data.length < FOLDED_HEAD) throw new WireError('What was counted of a trace is cut short.');
  const rows: FoldedRow[] = [];
  for (let at = FOLDED_HEAD; at < data.length; ) {
    if (at + ROW_HEAD > data.length) throw new WireError('What was counted of a trace ends within a row.');
    const errors = data.readUInt8(at + 1);
    const classes = data.readUInt32LE(at + 56);
    const end = at + ROW_HEAD + 8 * (errors + classes);
    if (end > data.length) throw new WireError('What was counted of a trace ends within a row.');
    rows.push(rowOf(data.subarray(at, end), errors));
    at = end;
  }
  const [bytes = 0, events = 0, requests = 0, polled = 0, lost = 0, damaged = 0] = [0, 4, 8, 12, 16, 20].map(
    (at) => data.readUInt32LE(at),
  );
  return { bytes, events, requests, polled, lost, damaged, rows };
}

function rowOf(row: Buffer, errors: number): FoldedRow {
  const completed = row.readUInt32LE(12);
  const pairs: (readonly [number, number])[] = [];
  for (let at = ROW_HEAD; at < row.length; at += 8)
    pairs.push([row.readUInt32LE(at), row.readUInt32LE(at + 4)]);
  const least = Number(row.readBigUInt64LE(32));
  const most = Number(row.readBigUInt64LE(40));
  const classes = pairs.slice(errors);
  return {
    opcode: row.readUInt8(0),
    fd: row.readInt32LE(4),
    second: row.readUInt32LE(8),
    completed,
    punted: row.readUInt32LE(16),
    pollArmed: row.readUInt32LE(20),
    deferred: row.readUInt32LE(24),
    forced: row.readUInt32LE(28),
    errors: new Map(pairs.slice(0, errors)),
    latencies: [
      [least, 1],
      ...classes.map(([index, count]) => [middleOf(index), count] as const),
      ...(completed > 1 ? [[most, 1] as const] : []),
    ],
    sum: Number(row.readBigUInt64LE(48)),
  };
}

function middleOf(index: number): number {
  if (index < EXACT) return index;
  if (index >= CLASSES) throw new WireError('A latency of a trace is in no class.');
  const shift = Math.floor(index / 128) - 1;
  return (index - shift * 128 + 0.5) * 2 ** shift;
}
