import type { Origin } from '../../model/request';
import { programCode } from './calls';
import type { Code } from './code';
import { type ProcessMemory, wordIn } from './processMemory';
import type { Candidate } from './userData';

/** A structure of a library's, or of a program's, that user_data points to where debug information need not tell. */
export interface ObjectShape {
  /** Completes "user_data points to a …". */
  readonly name: string;
  /** Bytes of it that are looked at, from `before` bytes in front of it. */
  readonly size: number;
  readonly before?: number;
  /** Where its callbacks are, the likeliest first; undefined where this is none. `at` counts from user_data. */
  callbacksOf(object: ObjectBytes): readonly number[] | undefined;
}

/** The bytes around an address, and what words there lead to. */
class ObjectBytes {
  constructor(
    readonly address: number,
    private readonly data: Buffer,
    private readonly before: number,
    private readonly memory: ProcessMemory,
  ) {}

  word(at: number): number | undefined {
    return wordIn(this.data, this.before + at);
  }

  int(at: number): number {
    return this.data.readInt32LE(this.before + at);
  }

  /** A pointer to memory that holds no code. */
  isPointer(at: number): boolean {
    const word = this.word(at);
    return word !== undefined && this.memory.region(word)?.executable === false;
  }

  isCode(at: number): boolean {
    return this.memory.isCode(this.word(at) ?? 0);
  }

  /** An SQE lies there that says whose it is. */
  hasOwnSqe(at: number): boolean {
    return this.word(at + USER_DATA) === this.address;
  }
}

/** Of user_data in an SQE. */
const USER_DATA = 32;
/** UV_FS, and more than any uv_fs_type has. */
const UV_FS = 6;
const MOST_UV_FS = 64;

/** libuv since 1.45 (seen of 1.46), include/uv.h: type, fs_type, loop, cb. Node keeps its own callback in front (ReqWrap, src/req_wrap.h). */
export const LIBUV_REQUEST: ObjectShape = {
  name: 'libuv file request (uv_fs_t)',
  before: 8,
  size: 96,
  callbacksOf: (object) => {
    const operation = object.int(64);
    if (object.int(8) !== UV_FS || operation < 0 || operation >= MOST_UV_FS) return undefined;
    if (!object.isPointer(72) || !object.isCode(80)) return undefined;
    return object.isCode(-8) ? [-8, 80] : [80];
  },
};

/** QEMU 5.0 to 10.0 (seen of 7.2), block/io_uring.c: the coroutine that waits, the SQE. What the coroutine runs is its first word (include/qemu/coroutine_int.h). */
export const QEMU_REQUEST: ObjectShape = {
  name: 'QEMU disk request (LuringAIOCB)',
  size: 72,
  callbacksOf: (object) => (object.hasOwnSqe(8) && object.isPointer(0) ? [] : undefined),
};

/** MariaDB since 10.6 (seen of 10.11), tpool/tpool.h: behind an iovec or an iocb the descriptor, the opcode, buffer, length, callback. */
export const MARIADB_REQUEST: ObjectShape = {
  name: 'MariaDB file request (tpool::aiocb)',
  size: 112,
  callbacksOf: (object) => {
    for (const at of [16, 64]) {
      const opcode = object.int(at + 4);
      const isWhole = object.isPointer(at + 16) && object.int(at + 24) > 0 && object.isCode(at + 32);
      if (object.int(at) >= 0 && (opcode === 0 || opcode === 1) && isWhole) return [at + 32];
    }
    return undefined;
  },
};

/** fio 3.33, io_u.h: its file, the lengths, the buffer. */
export const FIO_UNIT: ObjectShape = {
  name: 'fio I/O unit (io_u)',
  size: 96,
  callbacksOf: (object) =>
    object.isPointer(32) && object.isPointer(88) && (object.word(64) ?? 0) > 0 ? [] : undefined,
};

/** Samba since 4.12 (seen of 4.17), source3/modules/vfs_io_uring.c: its lists and the request, the SQE, the CQE, what completes it. */
export const SAMBA_REQUEST: ObjectShape = {
  name: 'Samba file request (vfs_io_uring_request)',
  size: 136,
  callbacksOf: (object) =>
    object.hasOwnSqe(40) ? (object.isCode(120) ? [120] : []) : object.hasOwnSqe(48) ? [] : undefined,
};

/** TigerBeetle 0.17, src/io/linux.zig: begins with the io it is of; the compiler orders the rest. */
export const TIGERBEETLE_COMPLETION: ObjectShape = {
  name: 'TigerBeetle operation (IO.Completion)',
  size: 192,
  callbacksOf: (object) => {
    const callbacks = [];
    for (let at = 8; at < 192; at += 8) if (object.isCode(at)) callbacks.push(at);
    return object.isPointer(0) && callbacks.length > 0 ? callbacks : undefined;
  },
};

/** What user_data points to, where a library or program that the process uses has it so, and what will be called. */
export async function knownObject(
  code: Code,
  candidates: readonly Candidate[],
  shapes: readonly ObjectShape[],
): Promise<readonly Origin[] | undefined> {
  for (const { address, words, to } of candidates) {
    if (to === 'code' || address % 8 !== 0) continue;
    for (const shape of shapes) {
      const { before = 0, size, name } = shape;
      const data = await code.memory.bytes(address - before, before + size);
      const object = data && new ObjectBytes(address, data, before, code.memory);
      const callbacks = object && shape.callbacksOf(object);
      if (!object || !callbacks) continue;
      const called = await firstNamed(code, object, callbacks, words);
      return [{ kind: 'object', function: name, found: words }, ...(called ? [called] : [])];
    }
  }
  return undefined;
}

async function firstNamed(
  code: Code,
  object: ObjectBytes,
  callbacks: readonly number[],
  words: string,
): Promise<Origin | undefined> {
  let nameless: Origin | undefined;
  for (const at of callbacks) {
    const found = at < 0 ? `${words} - ${-at}` : at === 0 ? words : `${words} + ${at}`;
    const address = object.word(at) ?? 0;
    const called = await code.startingAt(address);
    if (called) {
      const { name, place } = (await programCode(code, called)) ?? called;
      return { kind: 'callback', function: name, ...place, found };
    }
    const name = nameless ? undefined : await code.nameless(address);
    if (name !== undefined) nameless = { kind: 'callback', function: name, found };
  }
  return nameless;
}
