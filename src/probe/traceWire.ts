/** Bodies and answers of the verb trace; wire.h has them. */
import { errnoName } from './errno';
import { decodeFolded, decodeRecords, encodeFold } from './foldWire';
import type { FoldAsked, Folded, TraceAsked, TraceDrained, TraceStarted } from './traceProtocol';
import { u32, WireError } from './wire';

const START = 1;
const DRAIN = 2;
const STOP = 3;
const FOLLOW = 4;
const MOST_THREADS = 64;
const FILTERED = 1;
const STACKS = 2;
const PAGE = 1;
const RECORDS = 3;
const ROWS = 4;
const ENTERS = 5;
const CHUNK_HEAD = 8;
const START_HEAD = 21;
const MOST_RINGS = 64;
const MOST_NAME = 63;

/** Of the events that have a name the kernel could have; of the rings the first 64. */
export function encodeTraceStart({ kilobytes, rings, events, stacks }: TraceAsked): Buffer {
  const traced = rings.slice(0, MOST_RINGS);
  const head = Buffer.alloc(START_HEAD + 8 * traced.length);
  head.writeUInt8(START, 0);
  head.writeUInt32LE(u32(kilobytes), 1);
  head.writeUInt32LE(u32(stacks?.bytes ?? 0), 5);
  head.writeUInt32LE(u32(stacks?.kilobytes ?? 0), 9);
  head.writeUInt32LE(u32(stacks?.every ?? 1), 13);
  head.writeUInt32LE(traced.length, 17);
  for (const [index, ring] of traced.entries())
    head.writeBigUInt64LE(BigInt.asUintN(64, ring), START_HEAD + 8 * index);
  const names = events.map(({ name, filtered, stacks: at }) => {
    const text = Buffer.from(name.slice(0, MOST_NAME), 'latin1');
    const flags = (filtered ? FILTERED : 0) | (at ? STACKS : 0);
    return Buffer.concat([Buffer.from([flags, text.length]), text]);
  });
  return Buffer.concat([head, ...names]);
}

/** `every`: from now on a stack of one submit of so many; 0 = as before. */
export function encodeTraceDrain(every = 0, fold?: FoldAsked): Buffer {
  const body = Buffer.alloc(5);
  body.writeUInt8(DRAIN, 0);
  body.writeUInt32LE(u32(every), 1);
  return fold ? Buffer.concat([body, encodeFold(fold)]) : body;
}

/** Of the rings and the threads the first 64. */
export function encodeTraceFollow(rings: readonly bigint[], threads: readonly number[]): Buffer {
  const some = rings.slice(0, MOST_RINGS);
  const tids = threads.slice(0, MOST_THREADS);
  const body = Buffer.alloc(9 + 8 * some.length + 4 * tids.length);
  body.writeUInt8(FOLLOW, 0);
  body.writeUInt32LE(some.length, 1);
  body.writeUInt32LE(tids.length, 5);
  for (const [index, ring] of some.entries()) body.writeBigUInt64LE(BigInt.asUintN(64, ring), 9 + 8 * index);
  for (const [index, tid] of tids.entries()) body.writeUInt32LE(u32(tid), 9 + 8 * some.length + 4 * index);
  return body;
}

export function encodeTraceStop(): Buffer {
  return Buffer.from([STOP]);
}

export function decodeTraceStarted(data: Buffer, { events }: Pick<TraceAsked, 'events'>): TraceStarted {
  const count = data.length < 6 ? 0 : data.readUInt16LE(4);
  if (data.length < 6 + 2 * count) throw new WireError('The answer about a trace is cut short.');
  const refused = new Map<string, string>();
  for (const [index, { name }] of events.entries()) {
    const errno = index < count ? data.readUInt16LE(6 + 2 * index) : 0;
    if (errno !== 0) refused.set(name, errnoName(errno));
  }
  const stacks = data.readUInt16LE(2);
  return {
    instance: data.toString('latin1', 6 + 2 * count),
    removed: data.readUInt16LE(0),
    refused,
    ...(stacks === 0 ? {} : { stacksRefused: errnoName(stacks) }),
  };
}

export function decodeTraceDrained(data: Buffer, more: boolean): TraceDrained {
  const pages: { cpu: number; data: Buffer }[] = [];
  const stacks: { cpu: number; data: Buffer }[] = [];
  const records: { readonly time: bigint; readonly data: Buffer }[] = [];
  const folded: Folded[] = [];
  let enters: number | undefined;
  if (data.length < 8) throw new WireError('What was traced is cut short.');
  for (let at = 8; at < data.length; ) {
    const length = at + CHUNK_HEAD > data.length ? Number.POSITIVE_INFINITY : data.readUInt32LE(at + 4);
    const end = at + CHUNK_HEAD + length;
    if (end > data.length) throw new WireError('What was traced ends within a chunk.');
    const chunk = { cpu: data.readUInt16LE(at + 2), data: data.subarray(at + CHUNK_HEAD, end) };
    const kind = data.readUInt8(at);
    if (kind === RECORDS) for (const record of decodeRecords(chunk.data)) records.push(record);
    else if (kind === ENTERS && length === 8) enters = Number(chunk.data.readBigUInt64LE(0));
    else if (kind === ROWS) folded.push(decodeFolded(chunk.data));
    else (kind === PAGE ? pages : stacks).push(chunk);
    at = end;
  }
  return {
    began: data.readBigUInt64LE(0),
    pages,
    records,
    folded,
    stacks,
    more,
    ...(enters === undefined ? {} : { enters }),
  };
}
