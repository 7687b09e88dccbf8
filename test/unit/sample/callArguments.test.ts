import { describe, expect, it } from 'vitest';
import { followArguments } from '../../../src/sample/callArguments';
import type { Target } from '../../../src/target/target';
import { taskOf } from '../samples';
import { fakeTarget } from './fakeTarget';

/** Memory by address; what is not there cannot be read. */
function memoryOf(memory: Readonly<Record<string, Buffer>>) {
  const asked: string[] = [];
  const target: Target = {
    ...fakeTarget({}),
    memory: async (_, ranges) =>
      ranges.map(({ address, length }) => {
        const at = `0x${address.toString(16)}`;
        asked.push(at);
        const data = memory[at]?.subarray(0, length);
        return data ? { ok: true, data, truncated: false } : { ok: false, errno: 'EIO' };
      }),
  };
  return { target, asked };
}

const call = (name: string, ...args: string[]) => taskOf({ syscall: { number: 1, name, args } });
const followed = async (
  memory: Readonly<Record<string, Buffer>>,
  task = call('openat', '0xffffff9c', '0x1000'),
) => (await followArguments(memoryOf(memory).target, 7, [task]))[0]?.syscall;

describe('what stands behind the pointers of a system call that waits', () => {
  it('is the path it opens', async () => {
    expect(await followed({ '0x1000': Buffer.from('/tmp/fifo\0rest') })).toMatchObject({ path: '/tmp/fifo' });
    const make = call('mkdir', '0x1000', '0x1ff');
    expect(await followed({ '0x1000': Buffer.from('new\0') }, make)).toMatchObject({ path: 'new' });
  });

  it('is the address it connects to', async () => {
    const connect = call('connect', '0x3', '0x2000', '0x10');
    const address = Buffer.from('02000050 7f000001 0000000000000000'.replaceAll(' ', ''), 'hex');
    expect(await followed({ '0x2000': address }, connect)).toMatchObject({ address: '127.0.0.1:80' });
  });

  it('are the descriptors it polls, without those that the kernel leaves out', async () => {
    const polled = Buffer.alloc(24);
    for (const [index, fd] of [5, -1, 7].entries()) polled.writeInt32LE(fd, index * 8);
    expect(await followed({ '0x1000': polled }, call('poll', '0x1000', '0x3', '0xffff'))).toMatchObject({
      polls: [5, 7],
    });
    expect(await followed({ '0x1000': polled }, call('ppoll', '0x1000', '0x1', '0x0'))).toMatchObject({
      polls: [5],
    });
    const loop = call('poll', '0x1000', '0x200', '0x0');
    expect(await followed({ '0x1000': Buffer.alloc(4096) }, loop)).not.toHaveProperty('polls');
  });

  it('is unknown where the path does not end, the memory cannot be read or the pointer is none', async () => {
    expect(await followed({ '0x1000': Buffer.alloc(600, 'a') })).not.toHaveProperty('path');
    expect(await followed({})).not.toHaveProperty('path');
    expect(await followed({}, call('openat', '0xffffff9c', 'nonsense'))).not.toHaveProperty('path');
    expect(await followed({}, call('openat'))).not.toHaveProperty('path');
  });

  it('is not read of tasks that run, nor of calls without such a pointer', async () => {
    const { target, asked } = memoryOf({});
    const running = { ...call('open', '0x1000'), state: 'R' };
    const named = call('toString', '0x1000');
    await followArguments(target, 7, [running, named, call('read', '0x3', '0x1000', '0x10')]);
    expect(asked).toEqual([]);
  });
});
