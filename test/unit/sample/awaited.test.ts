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

  describe('in a PID namespace of its own', () => {
    const process = { ...sampleOf().process, namespacePids: [7, 1] };
    const statuses = {
      '/proc/7/task/8/status': 'NSpid:\t8\t4\n',
      '/proc/7/task/9/status': 'NSpid:\t9\t5\n',
      // Two containers have a process 30, and one of them is the process's own.
      '/proc/70/status': 'NSpid:\t70\t30\n',
      '/proc/70/ns/pid': 'pid:[4026532001]',
      '/proc/70/comm': 'elsewhere\n',
      '/proc/71/status': 'NSpid:\t71\t30\n',
      '/proc/71/ns/pid': 'pid:[4026532002]',
      '/proc/71/comm': 'stranger\n',
      // Deeper, and known there by another number than its last one.
      '/proc/72/status': 'NSpid:\t72\t30\t30\n',
      '/proc/7/ns/pid': 'pid:[4026532002]',
    };
    const told = async (memory: readonly number[], tree: Readonly<Record<string, string>> = statuses) =>
      (
        await readAwaited(
          { ...words({ 16: memory }), ...pick(fakeTarget(tree)) },
          sampleOf({ ...inFutex('0x6', '0x0'), process }),
        )
      ).futexes?.[0]?.holder;
    const pick = ({ read, list, link }: Target) => ({ read, list, link });

    it('a thread is found by the number it has there', async () => {
      expect(await told([0x80000005, 0, 0])).toEqual({ pid: 9, name: 'holder' });
    });

    it('takes no number of another namespace for a thread here', async () => {
      expect(await told([0x80000009, 0, 0])).toBeUndefined();
    });

    it('another process is the one of the same namespace', async () => {
      expect(await told([30, 0, 0])).toEqual({ pid: 71, name: 'stranger' });
      expect(await told([30, 0, 0], { ...statuses, '/proc/7/ns/pid': 'pid:[9]' })).toBeUndefined();
    });
  });

  it('knows a child and its group by the numbers of their parent’s namespace', async () => {
    const tree = { ...TREE, '/proc/81/status': 'Name:\tsleep\nNSpid:\t81\t5\nNSpgid:\t90\t3\n' };
    const process = { ...sampleOf().process, namespacePids: [7, 1] };
    const { children } = await readAwaited(
      fakeTarget(tree),
      sampleOf({ tasks: [waiting('wait4', '0x5')], process }),
    );
    expect(children).toEqual([{ pid: 81, name: 'sleep', state: 'S', group: 3, ownPid: 5 }]);
  });

  it('leaves out what cannot be read', async () => {
    expect(await futexes({}, inFutex('0x80', '0x2'))).toBeUndefined();
  });
});
