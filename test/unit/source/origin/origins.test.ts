import { describe, expect, it } from 'vitest';
import type { MemoryResult } from '../../../../src/probe/protocol';
import { Binaries } from '../../../../src/source/binaries';
import { extentOf } from '../../../../src/source/origin/extent';
import { Origins } from '../../../../src/source/origin/origins';
import { ProcessMemory } from '../../../../src/source/origin/processMemory';
import type { Target } from '../../../../src/target/target';
import { fakeTarget } from '../../sample/fakeTarget';

const HEAP = 0x5555_0000;
const SIZE = 0x1_0000;
const MAPS = `${HEAP.toString(16)}-${(HEAP + SIZE).toString(16)} rw-p 00000000 00:00 0 [heap]\n`;

/** A process that has but a heap. */
function processWith(heap: Buffer, failing?: string): Target & { readonly questions: () => number } {
  let questions = 0;
  return {
    ...fakeTarget({ '/proc/7/maps': MAPS }),
    memory: async (_, ranges) => {
      questions++;
      return ranges.map(({ address, length }): MemoryResult => {
        const at = Number(address) - HEAP;
        if (failing !== undefined) return { ok: false, errno: failing };
        if (at < 0 || at >= SIZE) return { ok: false, errno: 'EIO' };
        return { ok: true, data: heap.subarray(at, at + length), truncated: false };
      });
    },
    questions: () => questions,
  };
}

/** Blocks of malloc one behind the other, each so many bytes with its header; the rest is the last, the top. */
function blocks(...sizes: readonly number[]): Buffer {
  const heap = Buffer.alloc(SIZE);
  let at = 0x10;
  for (const size of sizes) {
    heap.writeBigUInt64LE(BigInt(size | 1), at + 8);
    at += size;
  }
  heap.writeBigUInt64LE(BigInt((SIZE - at) | 1), at + 8);
  return heap;
}

async function extentIn(heap: Buffer, offset: number) {
  const memory = new ProcessMemory(processWith(heap), 7);
  expect(await memory.open()).toBe(true);
  const { start, end, allocated } = await extentOf(memory, HEAP + offset);
  return { start: start - HEAP, end: end - HEAP, allocated };
}

describe('an object ends', () => {
  it('with its block of the heap, wherever in it the pointer leads', async () => {
    const heap = blocks(0x30, 0x50, 0x20, 0x40, 0x40);
    expect(await extentIn(heap, 0x20)).toEqual({ start: 0x20, end: 0x48, allocated: true });
    expect(await extentIn(heap, 0x50)).toEqual({ start: 0x50, end: 0x98, allocated: true });
    expect(await extentIn(heap, 0x78)).toEqual({ start: 0x50, end: 0x98, allocated: true });
    expect(await extentIn(heap, 0xa0)).toEqual({ start: 0xa0, end: 0xb8, allocated: true });
  });

  it('soon, where there are no blocks', async () => {
    const heap = Buffer.alloc(SIZE, 0xff);
    expect(await extentIn(heap, 0x100)).toEqual({ start: 0x100, end: 0x1c0, allocated: false });
    expect(await extentIn(heap, SIZE - 8)).toEqual({ start: SIZE - 8, end: SIZE, allocated: false });
    expect(await extentIn(heap, SIZE)).toEqual({ start: SIZE, end: SIZE, allocated: false });
  });
});

const value = (n: number): string => `0x${(HEAP + 16 * n).toString(16)}`;

async function originsIn(target: Target, values: readonly string[]) {
  const binaries = new Binaries(target, { unpack: async () => 'cannot' });
  const origins = new Origins(target, binaries);
  const first = await origins.of({ pid: 7, mounts: [] }, values);
  return { first, again: () => origins.of({ pid: 7, mounts: [] }, values) };
}

describe('a process', () => {
  it('whose memory does not answer is asked once, and then left alone', async () => {
    const target = processWith(Buffer.alloc(0), 'ETIMEDOUT');
    const { first, again } = await originsIn(target, [value(1), value(2), '0x5']);
    expect([...first.keys()]).toEqual(['0x5']);
    expect(target.questions()).toBe(1);
    expect([...(await again()).keys()]).toEqual(['0x5']);
    expect(target.questions()).toBe(1);
  });

  it.each(['EPERM', 'EIO'])('whose memory cannot be read (%s) has no origins', async (errno) => {
    const { first } = await originsIn(processWith(Buffer.alloc(0), errno), [value(1), value(2)]);
    expect([...first]).toEqual([]);
  });

  it('is asked for all that is pending in few questions, and for 500 values at most', async () => {
    const target = processWith(Buffer.alloc(SIZE));
    const values = Array.from({ length: 3000 }, (_, n) => value(n));
    const { first } = await originsIn(target, values);
    expect(first.size).toBe(0);
    expect(target.questions()).toBeLessThan(20);
  });

  it('whose objects lead in circles is no trouble', async () => {
    const heap = Buffer.alloc(SIZE);
    for (let at = 0; at < SIZE; at += 8) heap.writeBigUInt64LE(BigInt(HEAP + ((at * 31) % SIZE)), at);
    const { first } = await originsIn(processWith(heap), [value(1), value(2), value(3)]);
    expect(first.size).toBe(0);
  });
});
