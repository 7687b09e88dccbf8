import { describe, expect, it } from 'vitest';
import { walkKernel } from '../../../src/kernel/walk';
import type { KernelWalk } from '../../../src/kernel/walked';
import { FakeProcess } from './fakeProcess';
import { KERNELS, layoutOf } from './layouts';

const HOST = 0xffff888000000100n;
const CONTAINER = 0xffff888000000200n;
const OTHER = 0xffff888000000300n;

/** A process that the kernel calls 4242 and its container 17, with a worker that the kernel calls 4300 and its container 19. */
function contained(kernel: (typeof KERNELS)[number] = '6.18'): FakeProcess {
  const process = new FakeProcess(layoutOf(kernel));
  process.number(process.leader, [4242, HOST], [17, CONTAINER]);
  const ring = process.ring(3);
  const { workers } = process.workQueue();
  const worker = process.worker(workers[0] ?? 0n, 4300, process.request(ring, { userData: 1 }));
  const task = process.kernel.pointer(worker + process.offset('workerTask'));
  process.number(task, [4300, HOST], [19, CONTAINER]);
  return process;
}

/** What a reader finds who calls the process `pid`, of whom `nsPid` says the status. */
function walk(process: FakeProcess, pid: number, nsPid: string | undefined): Promise<KernelWalk> {
  process.kernel.pid = pid;
  if (nsPid !== undefined) process.texts[`/proc/${pid}/status`] = `NSpid:\t${nsPid}\n`;
  return walkKernel(process.target(), { pid, ringFds: [3], layout: process.layout });
}

const workersOf = ({ rings }: KernelWalk) =>
  rings.flatMap(({ requests }) => requests.map(({ worker }) => worker));

describe.each(KERNELS)('the tasks of a walk on %s', (kernel) => {
  it('are called as the host calls them where the inspector is outside', async () => {
    const found = await walk(contained(kernel), 4242, '4242\t17');
    expect(found.trouble).toEqual([]);
    expect(workersOf(found)).toEqual([4300]);
    expect(found.pools.map(({ tid }) => tid)).toEqual([4242]);
  });

  it('are called as the container calls them where the inspector is inside', async () => {
    const found = await walk(contained(kernel), 17, '17');
    expect(found.trouble).toEqual([]);
    expect(workersOf(found)).toEqual([19]);
    expect(found.pools.map(({ tid }) => tid)).toEqual([17]);
  });
});

describe('the numbers of a walk', () => {
  it('are of nobody where /proc is of another namespace, even if it has one by the same pid', async () => {
    const process = contained();
    process.texts['/proc/4242/status'] = 'NSpid:\t4242\t17\n';
    process.kernel.pid = 4242;
    const asked = { pid: 4242, ringFds: [3], layout: process.layout };
    expect((await walkKernel(process.target(), asked)).trouble).toEqual([]);
    const found = await walkKernel({ ...process.target(), foreignPids: true }, asked);
    expect(found).toMatchObject({
      rings: [],
      trouble: [{ why: expect.stringContaining('another PID namespace') }],
    });
  });

  it('are of the level of the inspector, not of the innermost', async () => {
    const process = contained();
    process.number(process.leader, [4242, HOST], [17, CONTAINER], [1, OTHER]);
    const found = await walk(process, 17, '17\t1');
    expect(workersOf(found)).toEqual([19]);
    expect(found.pools.map(({ tid }) => tid)).toEqual([17]);
  });

  it('leave out a task of another container that shares the ring, and keep what it carries', async () => {
    const process = contained();
    const ring = process.ring(4);
    const stranger = process.task(5000, 5000);
    process.addTctx(stranger);
    process.number(stranger, [5000, HOST], [19, OTHER]);
    process.use(ring, stranger);
    const tctx = process.kernel.pointer(stranger + process.offset('taskIoUring'));
    const { workers } = process.workQueue(tctx);
    const worker = process.worker(workers[0] ?? 0n, 5001, process.request(ring, { userData: 2 }, stranger));
    const task = process.kernel.pointer(worker + process.offset('workerTask'));
    process.number(task, [5001, HOST], [20, OTHER]);
    process.kernel.pid = 17;
    process.texts['/proc/17/status'] = 'NSpid:\t17\n';
    const found = await walkKernel(process.target(), { pid: 17, ringFds: [3, 4], layout: process.layout });
    expect(found.pools.map(({ tid }) => tid)).toEqual([17]);
    expect(workersOf(found)).toEqual([19, undefined]);
  });

  it.each([
    ['the host’s /proc shows another process by this pid', 17, '17\t3'],
    ['the process is deeper than can be', 17, '17\t2\t1'],
    ['/proc shows another number', 18, '99'],
  ])('refuses where %s', async (_, pid, nsPid) => {
    const found = await walk(contained(), pid, nsPid);
    expect(found.rings).toEqual([]);
    expect(found.trouble).toMatchObject([{ why: expect.stringContaining('another PID namespace') }]);
  });

  it('refuses a pid that only /proc has', async () => {
    const process = contained();
    process.kernel.pid = 1;
    process.texts['/proc/17/status'] = 'NSpid:\t17\n';
    const found = await walkKernel(process.target(), { pid: 17, ringFds: [3], layout: process.layout });
    expect(found.trouble).toMatchObject([{ why: expect.stringContaining('another PID namespace') }]);
  });
});
