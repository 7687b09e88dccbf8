import { describe, expect, it } from 'vitest';
import type { Sample } from '../../../src/model/sample';
import { readAwaited } from '../../../src/sample/awaited';
import type { Target } from '../../../src/target/target';
import { requestOf, sampleOf, taskOf } from '../samples';
import { fakeTarget } from './fakeTarget';

const stat = (pid: number, name: string, state: string, parent: number) =>
  `${pid} (${name}) ${state} ${parent} 90 ${'0 '.repeat(15)}0 5 0 0`;

const TREE = {
  '/proc/7/task/7/children': '81 82 ',
  '/proc/81/stat': stat(81, 'sleep', 'S', 7),
  '/proc/81/status': 'Name:\tsleep\nNSpid:\t81\n',
  // Its pid was used again, by a child of somebody else.
  '/proc/82/stat': stat(82, 'other', 'S', 1),
};

const waiting = (name: string, ...args: readonly string[]) =>
  taskOf({ syscall: { number: 0, name, args: [...args, '0x0', '0x0', '0x0', '0x0'] } });

describe('readAwaited', () => {
  it('reads the children only where something waits for one', async () => {
    const idle = fakeTarget(TREE);
    expect(await readAwaited(idle, sampleOf({ tasks: [waiting('read', '0x3')] }))).toEqual({});
    expect(idle.asked).toEqual([]);
    const found = await readAwaited(fakeTarget(TREE), sampleOf({ tasks: [waiting('wait4', '0x51')] }));
    expect(found).toEqual({ children: [{ pid: 81, name: 'sleep', state: 'S', group: 90 }] });
  });

  it('reads them for a request, too', async () => {
    const tasks = [taskOf()];
    const requests = [requestOf({ operation: 'WAITID', state: 'waiting' })];
    expect((await readAwaited(fakeTarget(TREE), sampleOf({ tasks, requests }))).children).toHaveLength(1);
  });

  /** A target with words at addresses, as many as are given. */
  const words = (memory: Readonly<Record<number, readonly number[]>>): Target => ({
    ...fakeTarget({ '/proc/99/comm': 'stranger\n' }),
    memory: async (_, ranges) =>
      ranges.map(({ address }) => {
        const own = memory[Number(address)];
        return own
          ? { ok: true, data: Buffer.from(Uint32Array.from(own).buffer), truncated: false }
          : { ok: false, errno: 'EFAULT' };
      }),
  });
  const threads = [taskOf({ tid: 8, name: 'worker' }), taskOf({ tid: 9, name: 'holder' })];
  const futexes = async (memory: Readonly<Record<number, readonly number[]>>, parts: Partial<Sample>) =>
    (await readAwaited(words(memory), sampleOf(parts))).futexes;
  const inFutex = (operation: string, expected: string) => ({
    tasks: [waiting('futex', '0x10', operation, expected), ...threads],
  });

  it.each([
    ['the kernel’s lock', '0x86', '0x0', [0x80000000 + 9, 0, 0], { pid: 9, name: 'holder' }],
    ['the kernel’s lock, held by another process', '0x6', '0x0', [99, 0, 0], { pid: 99, name: 'stranger' }],
    ['a robust mutex', '0x80', '0x80000009', [0x80000009, 0, 0], { pid: 9, name: 'holder' }],
    ['a mutex of the C library', '0x80', '0x2', [2, 1, 9], { pid: 9, name: 'holder' }],
    ['a word that looks like none', '0x80', '0x7', [7, 1, 9], undefined],
    ['a mutex whose owner is no thread', '0x80', '0x2', [2, 1, 4711], undefined],
    ['a mutex that was given up meanwhile', '0x80', '0x2', [0, 0, 0], undefined],
  ])('tells who holds %s', async (_, operation, expected, memory, holder) => {
    const [word] = (await futexes({ 16: memory }, inFutex(operation, expected))) ?? [];
    expect(word).toEqual({ address: '0x10', value: memory[0], ...(holder ? { holder } : {}) });
  });

  it('takes no number of another namespace for a thread here', async () => {
    const process = { ...sampleOf().process, namespacePids: [7, 1] };
    const found = await futexes({ 16: [0x80000009, 0, 0] }, { ...inFutex('0x86', '0x0'), process });
    expect(found).toEqual([{ address: '0x10', value: 0x80000009 }]);
  });

  it('leaves out what cannot be read', async () => {
    expect(await futexes({}, inFutex('0x80', '0x2'))).toBeUndefined();
  });
});
