import { describe, expect, it } from 'vitest';
import type { Task } from '../../../src/model/sample';
import type { MemoryRange, MemoryResult } from '../../../src/probe/protocol';
import { finishedContexts, readAio } from '../../../src/sample/aio';
import { readSubmissions } from '../../../src/sample/aioSubmissions';
import type { Target } from '../../../src/target/target';
import { fileOf, taskOf } from '../samples';
import { fakeTarget } from './fakeTarget';

const MAPS = `7f0000000000-7f0000001000 rw-s 00000000 00:13 7       /[aio] (deleted)
7f0000002000-7f0000004000 rw-s 00000000 00:13 8       /[aio] (deleted)
`;

function header(events: number, head: number, tail: number): Buffer {
  const bytes = Buffer.alloc(32);
  for (const [index, word] of [0, events, head, tail, 0xa10a10a1, 1, 0, 32].entries())
    bytes.writeUInt32LE(word, 4 * index);
  return bytes;
}

/** A target whose memory is asked by a function. */
function withMemory(answer: (range: MemoryRange) => Buffer | string): Target {
  return {
    ...fakeTarget({}),
    memory: async (_, ranges) =>
      ranges.map((range): MemoryResult => {
        const found = answer(range);
        return typeof found === 'string'
          ? { ok: false, errno: found }
          : { ok: true, data: found, truncated: false };
      }),
  };
}

const ASKED = { pid: 7, maps: MAPS, walk: false, signal: undefined } as const;

describe('Linux AIO without the kernel’s own structures', () => {
  it('tells what has completed and was not collected, by the rings’ memory', async () => {
    const target = withMemory(({ address }) =>
      address === 0x7f0000000000n ? header(127, 3, 8) : header(255, 250, 2),
    );
    expect(await readAio(target, ASKED)).toEqual({
      contexts: [
        {
          ...{ id: 1, address: '0x7f0000000000', capacity: 126, head: 3, tail: 8, unreaped: 5 },
          ...{ requests: [], sources: ['ring memory'] },
        },
        {
          ...{ id: 2, address: '0x7f0000002000', capacity: 254, head: 250, tail: 2, unreaped: 7 },
          ...{ requests: [], sources: ['ring memory'] },
        },
      ],
      walked: false,
      blind: [],
    });
  });

  it.each([
    ['EACCES', /may not be read \(EACCES\)/, true],
    ['ETIMEDOUT', /could not be read \(ETIMEDOUT\)/, false],
  ])('says why it does not: %s', async (errno, why, curable) => {
    const { contexts, blind } = await readAio(
      withMemory(() => errno),
      ASKED,
    );
    expect(contexts).toHaveLength(2);
    expect(contexts[0]).toEqual({ id: 1, address: '0x7f0000000000', requests: [], sources: [] });
    expect(blind).toHaveLength(2);
    expect(blind[0]?.why).toMatch(why);
    expect(blind[0]?.remedy !== undefined).toBe(curable);
  });

  it('believes no ring that the program has written over', async () => {
    const { contexts, blind } = await readAio(
      withMemory(() => header(4_000_000_000, 1, 2)),
      ASKED,
    );
    expect(contexts.every((context) => !('unreaped' in context))).toBe(true);
    expect(blind[1]?.why).toContain('written over');
  });

  it('asks for nothing where there is none, and for no more than a thousand', async () => {
    let ranges = 0;
    const target = withMemory(() => {
      ranges += 1;
      return header(127, 0, 0);
    });
    expect((await readAio(target, { ...ASKED, maps: '' })).contexts).toEqual([]);
    expect(ranges).toBe(0);
    await readAio(target, { ...ASKED, maps: MAPS.repeat(2000) });
    expect(ranges).toBe(1024);
  });
});

it('each request has the path behind its descriptor', () => {
  const request = {
    operation: 'PREAD',
    userData: '0x1',
    iocb: '0x2',
    certainty: 'certain',
    fd: 5,
  } as const;
  const context = { id: 1, address: '0x1', requests: [request, { ...request, fd: 6 }], sources: [] };
  const [found] = finishedContexts([context], new Map(), [fileOf(5, '/mnt/db')]);
  expect(found?.requests.map(({ path }) => path)).toEqual(['/mnt/db', undefined]);
});

describe('what a thread hands to io_submit', () => {
  const list = 0x5000n;
  const iocb = (fd: number): Buffer => {
    const bytes = Buffer.alloc(64);
    bytes.writeBigUInt64LE(0x77n, 0);
    bytes.writeUInt16LE(1, 16);
    bytes.writeUInt32LE(fd, 20);
    bytes.writeBigUInt64LE(512n, 32);
    bytes.writeBigInt64LE(1024n, 40);
    return bytes;
  };
  const pointers = Buffer.alloc(16);
  pointers.writeBigUInt64LE(0x6000n, 0);
  pointers.writeBigUInt64LE(0x7000n, 8);
  const memory = ({ address, length }: MemoryRange): Buffer | string =>
    address === list ? pointers.subarray(0, length) : address === 0x6000n ? iocb(5) : 'EFAULT';
  const inside = (count: string, more: Partial<Task> = {}): Task =>
    taskOf({
      state: 'D',
      syscall: { number: 209, name: 'io_submit', args: ['0x7f0000000000', count, '0x5000'] },
      ...more,
    });

  it('is found by the arguments of the call', async () => {
    const found = await readSubmissions(withMemory(memory), 7, [inside('0x2')]);
    const request = { operation: 'PWRITE', fd: 5, offset: 1024, length: 512, userData: '0x77' };
    expect([...found]).toEqual([
      [
        '0x7f0000000000',
        [{ task: 7, count: 2, requests: [{ ...request, iocb: '0x6000', certainty: 'inferred' }] }],
      ],
    ]);
  });

  it('is bounded, whatever the arguments are', async () => {
    const lengths: number[] = [];
    const target = withMemory(({ length }) => {
      lengths.push(length);
      return 'EFAULT';
    });
    const tasks = ['0xffffffffffffffff', '0x0', '0x7fffffff'].map((count) => inside(count));
    const found = await readSubmissions(target, 7, [...tasks, inside('0x1', { state: 'R' })]);
    expect(lengths).toEqual([512]);
    expect([...found.values()].flat()).toEqual([{ task: 7, count: 0x7fffffff, requests: [] }]);
  });
});
