import { expect, it } from 'vitest';
import { Binaries } from '../../../../src/source/binaries';
import { Code } from '../../../../src/source/origin/code';
import { ProcessMemory } from '../../../../src/source/origin/processMemory';
import { TaskList } from '../../../../src/source/origin/taskList';
import { BASE, functionAt, image, SIZE } from '../fakeImage';
import { FakeProcess, PID } from '../fakeProcess';

const DATA = BASE + SIZE;
const HEAP = 0x5000_0000;
const MIB = 1 << 20;

/** A program with a heap of so many bytes, each word of it a pointer to one of the tables in the program's data. */
function crowded(heapSize: number): FakeProcess {
  const process = new FakeProcess();
  const data = Buffer.alloc(SIZE);
  for (let at = 0; at < SIZE; at += 8) data.writeBigUInt64LE(BigInt(functionAt('plain')), at);
  const heap = Buffer.alloc(heapSize);
  for (let at = 0; at < heapSize; at += 8) heap.writeBigUInt64LE(BigInt(DATA + (at % SIZE)), at);
  const file = { inode: 9, path: '/opt/program' };
  process.mappings = [
    { start: BASE, end: BASE + SIZE, perms: 'r-xp', data: image(), ...file },
    { start: DATA, end: DATA + SIZE, perms: 'rw-p', offset: SIZE, data, ...file },
    { start: HEAP, end: HEAP + heapSize, perms: 'rw-p', path: '[heap]', data: heap },
    // Not more than a heap's worth is read.
    { start: HEAP * 2, end: HEAP * 2 + 64 * MIB, perms: 'rw-p', data: Buffer.alloc(0) },
  ];
  return process;
}

async function listOf(process: FakeProcess): Promise<TaskList> {
  const memory = new ProcessMemory(process, PID);
  expect(await memory.open()).toBe(true);
  const binaries = new Binaries(process, { unpack: async () => 'cannot' });
  return new TaskList(new Code(memory, binaries, { pid: PID, mounts: [] }));
}

it('finds no tasks in a heap full of pointers, in bounded time and memory', async () => {
  const process = crowded(8 * MIB);
  const tasks = await listOf(process);
  const began = Date.now();
  expect(await tasks.of(['0x5', '0x11'])).toEqual(new Map());
  expect(Date.now() - began).toBeLessThan(5000);
  expect(process.bytesRead).toBeGreaterThan(8 * MIB);
  expect(process.bytesRead).toBeLessThan(34 * MIB);
  // Believed for a while.
  const { bytesRead } = process;
  await tasks.of(['0x5']);
  expect(process.bytesRead).toBe(bytesRead);
});

it('finds none where the heap cannot be read', async () => {
  const process = crowded(MIB);
  process.memoryErrno = 'EPERM';
  expect(await (await listOf(process)).of(['0x5'])).toEqual(new Map());
});
