/**
 * The bytes between the probe and us; wire.h describes them and is the other end. All integers are
 * little-endian, all contents length-prefixed: what a target writes can never look like a frame.
 */
import { errnoName } from './errno';
import {
  type Body,
  type Frame,
  type Hello,
  type ListEntry,
  type MemoryRange,
  PROTOCOL,
  type Question,
  type ReadResult,
  verbs,
} from './protocol';

/** The probe refuses longer requests. */
export const REQUEST_MAX = 1 << 20;
/** Bytes of one answer, at most. */
export const LIMIT_MAX = 16 << 20;
/** No frame of a working probe is longer: one largest answer behind a nearly full buffer. */
const FRAME_MAX = LIMIT_MAX + (256 << 10);

/** No path that the kernel takes is longer. */
const BODY_MAX = 5000;
const MAGIC = 'IURP';
const FOREIGN_PIDS = 1;
const HEAD = 8;
const ITEM_HEAD = 10;
const ANSWER_HEAD = 8;
const NO_LINK = 0xffff;
const FLAG_LINKS = 1;
const FLAG_ONLY = 2;
const FLAG_INODE = 4;
const FLAG_TRUNCATED = 1;
const kinds = { hello: 1, answers: 2, done: 3, fatal: 4 } as const;

/** What came is not the probe's language; the connection cannot be used further. */
export class WireError extends Error {
  override readonly name = 'WireError';
}

/** The nearest number that the wire has room for; 0 for what is no number. */
export function u32(value: number): number {
  return Math.min(0xffffffff, Math.max(0, Math.floor(value) || 0));
}

/** Where requests are put together; what is sent is a copy. */
let scratch: Buffer | undefined;

/**
 * A request for the bodies from `from` on: `most` of them at the most, and as many as one request has room
 * for, which is one at least. A body beyond BODY_MAX bytes is cut, which leaves a path refused.
 */
export function encodeRequest(
  id: number,
  question: Question,
  bodies: readonly Body[],
  from = 0,
  most = bodies.length,
): { readonly frame: Buffer; readonly count: number } {
  scratch ??= Buffer.allocUnsafeSlow(4 + REQUEST_MAX);
  const frame = scratch;
  const end = Math.min(bodies.length, from + most);
  const limit = u32(question.limit);
  const deadline = u32(question.deadline);
  let at = 16;
  let index = from;
  for (; index < end; index++) {
    const body = bodies[index] ?? '';
    const start = at + ITEM_HEAD;
    // A string of n units is 3n bytes long at most.
    if (start + Math.min(BODY_MAX, body.length * 3) > frame.length) break;
    const bytes =
      typeof body === 'string' ? writePath(frame, body, start) : body.copy(frame, start, 0, BODY_MAX);
    frame.writeUInt32LE(limit, at);
    frame.writeUInt32LE(deadline, at + 4);
    frame.writeUInt16LE(bytes, at + 8);
    at = start + bytes;
  }
  frame.writeUInt32LE(at - 4, 0);
  frame.writeUInt8(verbs[question.verb], 4);
  const { links, only, inode } = question;
  frame.writeUInt8((links ? FLAG_LINKS : 0) | (only ? FLAG_ONLY : 0) | (inode ? FLAG_INODE : 0), 5);
  frame.writeUInt16LE(0, 6);
  frame.writeUInt32LE(id, 8);
  frame.writeUInt32LE(index - from, 12);
  return { frame: Buffer.from(frame.subarray(0, at)), count: index - from };
}

/** Bytes of a path that are stored one by one: for so few, Buffer's own writing costs more. */
const SHORT = 128;

function writePath(frame: Buffer, path: string, start: number): number {
  const { length } = path;
  if (length > SHORT) return frame.write(path, start, BODY_MAX);
  for (let at = 0; at < length; at++) {
    const code = path.charCodeAt(at);
    if (code > 0x7f) return frame.write(path, start, BODY_MAX);
    frame[start + at] = code;
  }
  return length;
}

/** Bytes that the wanted texts may take behind a path. */
const WANTED_MAX = 2000;

/**
 * What stands behind the path of an item that lists only some links; undefined where the texts are too many or cannot
 * be said (a NUL ends a text).
 */
export function encodeWanted(texts: readonly string[]): string | undefined {
  const behind = texts.map((text) => `\0${text}`).join('');
  const sayable = texts.every((text) => text !== '' && !text.includes('\0'));
  return sayable && Buffer.byteLength(behind) <= WANTED_MAX ? behind : undefined;
}

/** Body of the item of the verb idle: seconds without a word after which the probe ends; 0 = never. */
export function encodeIdle(seconds: number): Buffer {
  const body = Buffer.alloc(4);
  body.writeUInt32LE(u32(seconds), 0);
  return body;
}

/** Body of an item of the verb memory. */
export function encodeMemory(pid: number, range: MemoryRange): Buffer {
  const body = Buffer.alloc(range.ring ? 28 : 16);
  body.writeUInt32LE(u32(pid), 0);
  body.writeBigUInt64LE(BigInt.asUintN(64, range.address), 4);
  body.writeUInt32LE(u32(range.length), 12);
  if (range.ring) {
    body.writeInt32LE(range.ring.fd | 0, 16);
    body.writeBigUInt64LE(BigInt.asUintN(64, range.ring.offset), 20);
  }
  return body;
}

/** The entries of a listing's answer. Names and texts that are no UTF-8 get replacement characters. */
export function decodeListing(data: Buffer): ListEntry[] {
  const entries: ListEntry[] = [];
  let at = 0;
  while (at < data.length) {
    if (at + 4 > data.length) throw new WireError('A listing of the probe ends within an entry.');
    const nameLength = data.readUInt16LE(at);
    const linkLength = data.readUInt16LE(at + 2);
    const nameEnd = at + 4 + nameLength;
    const end = nameEnd + (linkLength === NO_LINK ? 0 : linkLength);
    if (end > data.length) throw new WireError('A listing of the probe ends within a name.');
    const name = data.toString('utf8', at + 4, nameEnd);
    entries.push(linkLength === NO_LINK ? { name } : { name, link: data.toString('utf8', nameEnd, end) });
    at = end;
  }
  return entries;
}

/**
 * Takes the probe's bytes in whatever chunks they come and gives whole frames. Throws a WireError for
 * bytes that are no frame; it then refuses everything that follows. Holds at most one frame.
 */
export class FrameDecoder {
  private chunks: Buffer[] = [];
  private held = 0;
  private wanted = 4;
  private broken: WireError | undefined;
  private greeted = false;

  push(chunk: Buffer): Frame[] {
    if (this.broken) throw this.broken;
    try {
      return this.take(chunk);
    } catch (error) {
      if (error instanceof WireError) this.broken = error;
      this.chunks = [];
      throw error;
    }
  }

  private take(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    this.chunks.push(chunk);
    this.held += chunk.length;
    if (this.held < this.wanted) return frames;
    let data = this.chunks.length === 1 ? chunk : Buffer.concat(this.chunks, this.held);
    this.wanted = 4;
    while (data.length >= 4) {
      const length = data.readUInt32LE(0);
      // What answers first is not always the probe: a shell's greeting, a missing program's complaint.
      if (!this.greeted && length > 4096) throw notTheProbe(data);
      if (length < HEAD || length > FRAME_MAX) throw new WireError(`A frame of ${length} bytes is no frame.`);
      if (data.length < 4 + length) {
        this.wanted = 4 + length;
        break;
      }
      const frame = decodeFrame(data.subarray(4, 4 + length));
      if (!this.greeted && frame.kind !== 'hello' && frame.kind !== 'fatal') throw notTheProbe(data);
      this.greeted = true;
      frames.push(frame);
      data = data.subarray(4 + length);
    }
    this.chunks = data.length > 0 ? [data] : [];
    this.held = data.length;
    return frames;
  }
}

function notTheProbe(data: Buffer): WireError {
  const start = data
    .toString('latin1', 0, 80)
    .replace(/[^\x21-\x7e]+/g, ' ')
    .trim();
  return new WireError(`What answered is not the probe: "${start}".`);
}

function decodeFrame(frame: Buffer): Frame {
  const kind = frame.readUInt8(0);
  const id = frame.readUInt32LE(4);
  const rest = frame.subarray(HEAD);
  switch (kind) {
    case kinds.hello:
      return decodeHello(rest);
    case kinds.answers:
      return { kind: 'answers', id, answers: decodeAnswers(rest) };
    case kinds.done:
      if (rest.length < 4) throw new WireError('The end of a batch is cut short.');
      return {
        kind: 'done',
        id,
        count: rest.readUInt32LE(0),
        ...(rest.length < 12 ? {} : { processor: Number(rest.readBigUInt64LE(4)) / 1e6 }),
      };
    case kinds.fatal:
      return { kind: 'fatal', text: rest.toString('utf8', 0, 1024) };
    default:
      throw new WireError(`A frame of kind ${kind} is unknown.`);
  }
}

function decodeAnswers(data: Buffer): ReadResult[] {
  const answers: ReadResult[] = [];
  let at = 0;
  while (at < data.length) {
    if (at + ANSWER_HEAD > data.length) throw new WireError('An answer of the probe is cut short.');
    const length = data.readUInt32LE(at);
    const start = at + ANSWER_HEAD;
    if (length > data.length - start) throw new WireError('An answer of the probe is longer than its frame.');
    const errno = data.readUInt16LE(at + 4);
    if (errno === 0) {
      const truncated = (data.readUInt8(at + 6) & FLAG_TRUNCATED) !== 0;
      answers.push({ ok: true, data: data.subarray(start, start + length), truncated });
    } else {
      answers.push({ ok: false, errno: errnoName(errno) });
    }
    at = start + length;
  }
  return answers;
}

function decodeHello(data: Buffer): Hello {
  if (data.length < HEAD || data.toString('latin1', 0, 4) !== MAGIC) throw notTheProbe(data);
  const protocol = data.readUInt16LE(4);
  // Of another protocol only these first bytes can be relied on.
  if (protocol !== PROTOCOL || data.length < 44) return { ...unknownHello, protocol };
  let at = 44;
  const text = () => {
    const length = at + 2 <= data.length ? data.readUInt16LE(at) : 0;
    const value = data.toString('utf8', at + 2, at + 2 + length);
    at += 2 + length;
    return value;
  };
  return {
    kind: 'hello',
    protocol,
    foreignPids: (data.readUInt16LE(6) & FOREIGN_PIDS) !== 0,
    pid: data.readUInt32LE(8),
    uid: data.readUInt32LE(12),
    capabilities: data.readBigUInt64LE(16),
    uptime: data.readBigUInt64LE(24),
    pageSize: data.readUInt32LE(32),
    clockTicks: data.readUInt32LE(36),
    processors: data.readUInt32LE(40),
    version: text(),
    machine: text(),
    release: text(),
    host: text(),
  };
}

const unknownHello: Hello = {
  kind: 'hello',
  protocol: 0,
  foreignPids: false,
  version: '',
  pid: 0,
  uid: 0,
  capabilities: 0n,
  uptime: 0n,
  pageSize: 0,
  clockTicks: 0,
  processors: 0,
  machine: '',
  release: '',
  host: '',
};
