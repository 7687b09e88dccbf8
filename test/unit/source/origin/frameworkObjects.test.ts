import { describe, expect, it } from 'vitest';
import type { MemoryResult } from '../../../../src/probe/protocol';
import { Binaries } from '../../../../src/source/binaries';
import { Origins } from '../../../../src/source/origin/origins';
import type { Target } from '../../../../src/target/target';
import { fakeTarget } from '../../sample/fakeTarget';

const HEAP = 0x5555_0000;
const SIZE = 0x1000;
const CODE = 0x40_1000;
/** Where user_data points to. */
const AT = 0x200;
const ADDRESS = HEAP + AT;

/** A process that has a heap and code without a name. */
function processOf(program: string, library: string, heap: Buffer): Target {
  const maps = [
    `400000-401000 r--p 00000000 08:01 9 ${program}`,
    `401000-402000 r-xp 00001000 08:01 9 ${program}`,
    `${HEAP.toString(16)}-${(HEAP + SIZE).toString(16)} rw-p 00000000 00:00 0 [heap]`,
    `7f0000000000-7f0000001000 r--p 00000000 08:01 10 ${library}`,
  ];
  return {
    ...fakeTarget({ '/proc/7/maps': `${maps.join('\n')}\n` }),
    memory: async (_, ranges) =>
      ranges.map(({ address, length }): MemoryResult => {
        const at = Number(address) - HEAP;
        if (at < 0 || at >= SIZE) return { ok: false, errno: 'EIO' };
        return { ok: true, data: heap.subarray(at, at + length), truncated: false };
      }),
  };
}

async function told(program: string, library: string | undefined, heap: Buffer): Promise<string | undefined> {
  const target = processOf(program, library ?? '/usr/lib/libc.so.6', heap);
  const binaries = new Binaries(target, { unpack: async () => 'cannot' });
  const value = `0x${ADDRESS.toString(16)}`;
  const found = await new Origins(target, binaries).of({ pid: 7, mounts: [] }, [value]);
  return found
    .get(value)
    ?.map(({ kind, function: name }) => `${kind} ${name}`)
    .join(', ');
}

type Words = Readonly<Record<number, number>>;

interface Case {
  readonly name: string;
  readonly program: string;
  readonly library?: string;
  readonly words: Words;
  /** Of these words, those without which it is none. */
  readonly checked: readonly number[];
}

/** A heap of zeros with words, at so many bytes from the object. */
function heapWith(words: Words): Buffer {
  const heap = Buffer.alloc(SIZE);
  for (const [at, word] of Object.entries(words)) heap.writeBigUInt64LE(BigInt(word), AT + Number(at));
  return heap;
}

const CASES: readonly Case[] = [
  {
    name: 'libuv file request (uv_fs_t)',
    program: '/opt/server',
    library: '/usr/lib/libuv.so.1',
    // A read: its loop, its callback.
    words: { 8: 6, 64: 3, 72: HEAP, 80: CODE },
    checked: [8, 72, 80],
  },
  {
    name: 'QEMU disk request (LuringAIOCB)',
    program: '/usr/bin/qemu-system-x86_64',
    words: { 0: HEAP, 40: ADDRESS },
    checked: [0, 40],
  },
  {
    // As MariaDB 10.11 of Debian had it, a write through descriptor 13.
    name: 'MariaDB file request (tpool::aiocb)',
    program: '/usr/sbin/mariadbd',
    words: { 0: HEAP, 8: 0x4000, 64: 0x1_0000_000d, 72: 0x4c_c000, 80: HEAP, 88: 0x4000, 96: CODE },
    checked: [80, 88, 96],
  },
  {
    // Without the iocb of the kernel's other interface.
    name: 'MariaDB file request (tpool::aiocb)',
    program: '/usr/sbin/mariadbd',
    words: { 0: HEAP, 8: 0x4000, 16: 13, 24: 0x4000, 32: HEAP, 40: 0x4000, 48: CODE },
    checked: [32, 40, 48],
  },
  {
    name: 'fio I/O unit (io_u)',
    program: '/usr/bin/fio',
    words: { 32: HEAP, 64: 0x1000, 88: HEAP },
    checked: [32, 64, 88],
  },
  {
    name: 'Samba file request (vfs_io_uring_request)',
    program: '/usr/sbin/smbd',
    library: '/usr/lib/x86_64-linux-gnu/samba/vfs/io_uring.so',
    words: { 72: ADDRESS, 120: CODE },
    checked: [72],
  },
  {
    name: 'TigerBeetle operation (IO.Completion)',
    program: '/usr/bin/node',
    library: '/srv/node_modules/tigerbeetle-node/dist/bin/x86_64-linux-gnu/client.node',
    words: { 0: HEAP, 144: CODE },
    checked: [0, 144],
  },
];

describe('user_data points to', () => {
  it.each(CASES)('a $name in $program', async ({ name, program, library, words, checked }) => {
    expect(await told(program, library, heapWith(words))).toBe(`object ${name}`);
    // Of another program the same bytes are nothing.
    expect(await told('/opt/other', undefined, heapWith(words))).toBe(undefined);
    for (const at of checked)
      expect(await told(program, library, heapWith({ ...words, [at]: 0 })), `without ${at}`).toBe(undefined);
  });

  it.each(CASES)('something or nothing in $program, whatever the bytes are', async ({ program, library }) => {
    let seed = 7;
    const random = () => {
      seed = (seed * 48271) % 0x7fff_ffff;
      return seed;
    };
    for (let round = 0; round < 40; round++) {
      const heap = Buffer.alloc(SIZE);
      for (let at = 0; at < SIZE; at += 8) {
        const word = [0, HEAP + (random() % SIZE), CODE, random() * 2 ** 20, ADDRESS][random() % 5] ?? 0;
        heap.writeBigUInt64LE(BigInt(word), at);
      }
      await expect(told(program, library, heap)).resolves.toSatisfy(
        (found) => found === undefined || typeof found === 'string',
      );
    }
  });
});
