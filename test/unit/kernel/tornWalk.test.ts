import { describe, expect, it } from 'vitest';
import { walkKernel } from '../../../src/kernel/walk';
import type { KernelWalk } from '../../../src/kernel/walked';
import { FakeProcess } from './fakeProcess';
import { layoutOf } from './layouts';

function walk(process: FakeProcess, signal?: AbortSignal): Promise<KernelWalk> {
  const asked = { pid: 4242, ringFds: [3], layout: process.layout };
  return walkKernel(process.target(), signal ? { ...asked, signal } : asked);
}

function stuck(): { readonly process: FakeProcess; readonly ring: bigint; readonly request: bigint } {
  const process = new FakeProcess(layoutOf('6.18'));
  const ring = process.ring(3);
  const request = process.request(ring, { userData: 1 });
  process.poll(ring, request);
  return { process, ring, request };
}

function expectUncertain(found: KernelWalk): void {
  expect(found.consistent).toBe(false);
  expect(found.trouble.map(({ what }) => what)).toContain('requests inside the kernel, all at one moment');
  for (const { requests } of found.rings) {
    for (const { certainty } of requests) expect(certainty).toBe('inferred');
  }
}

describe('a walk through what moves', () => {
  it('is certain where nothing moves', async () => {
    const found = await walk(stuck().process);
    expect(found).toMatchObject({ consistent: true, trouble: [] });
    expect(found.rings[0]?.requests).toMatchObject([{ certainty: 'certain' }]);
  });

  it('says that it is not of one moment where the ring never rests', async () => {
    const { process, ring } = stuck();
    process.kernel.before = (question) => process.set(ring, 'ringCqTail', question);
    const found = await walk(process);
    expectUncertain(found);
    expect(found.rings[0]?.requests).toHaveLength(1);
  });

  it('looks again, and is certain when that holds', async () => {
    const { process, ring } = stuck();
    process.kernel.before = (question) => process.set(ring, 'ringSqHead', Math.min(question, 8));
    const found = await walk(process);
    expect(found.consistent).toBe(true);
    expect(found.rings[0]?.sqHead).toBe(8);
  });

  it('notices work that goes from the queue to a worker', async () => {
    const { process, ring } = stuck();
    const { workers } = process.workQueue();
    const worker = process.worker(workers[0] ?? 0n, 4300);
    const work = Array.from({ length: 64 }, (_, index) => process.request(ring, { userData: index }));
    process.kernel.before = (question) =>
      process.set(worker, 'workerWork', (work[question % work.length] ?? 0n) + process.offset('requestWork'));
    expectUncertain(await walk(process));
  });

  it('does not believe a list that goes in a circle', async () => {
    const { process, ring, request } = stuck();
    const other = process.request(ring, { userData: 2 });
    process.poll(ring, other);
    const node = (address: bigint): bigint => address + process.offset('requestHash');
    process.kernel.write(node(request), node(other), 8);
    const found = await walk(process);
    expectUncertain(found);
    expect(found.trouble[0]?.why).toContain('armed polls');
    expect(found.rings[0]?.requests).toHaveLength(2);
  });

  it('does not believe a list that leads nowhere', async () => {
    const { process, request } = stuck();
    process.kernel.write(request + process.offset('requestHash'), 0xdead000000000100n, 8);
    expectUncertain(await walk(process));
  });

  it('does not believe a request of another ring, or of no operation', async () => {
    const { process, ring, request } = stuck();
    process.set(request, 'requestOpcode', 250);
    expectUncertain(await walk(process));
    process.set(request, 'requestOpcode', 22);
    process.set(request, 'requestRing', ring + 64n);
    expectUncertain(await walk(process));
  });

  it('does not believe more requests than the ring has', async () => {
    const { process, ring } = stuck();
    process.set(ring, 'ringAllocated', 0);
    expectUncertain(await walk(process));
  });

  it.each([
    ['ended', 'taskStartTime'],
    ['executed another program', 'taskExecId'],
    ['executed another program', 'taskMemory'],
  ] as const)('says that the process %s (%s)', async (how, place) => {
    const { process } = stuck();
    process.kernel.before = (question) => process.set(process.leader, place, question < 6 ? 1 : 2);
    const found = await walk(process);
    expect(found.rings).toEqual([]);
    expect(found.trouble).toMatchObject([{ why: `the process ${how} meanwhile` }]);
  });

  it('says that the process is gone', async () => {
    const { process } = stuck();
    process.kernel.before = (question) => {
      if (question > 5) process.kernel.pid = 0;
    };
    expect(await walk(process)).toMatchObject({
      rings: [],
      trouble: [{ what: 'requests inside the kernel, one by one', why: 'the process ended meanwhile' }],
    });
    expect(await walk(process)).toMatchObject({ trouble: [{ why: 'the process ended meanwhile' }] });
  });

  it('takes no task for the process that only looks like one', async () => {
    const { process } = stuck();
    process.set(process.leader, 'taskPidPointer', process.kernel.allocate(256));
    expect((await walk(process)).rings).toEqual([]);
  });

  it('ends when asked to', async () => {
    const { process } = stuck();
    const abort = new AbortController();
    process.kernel.before = (question) => {
      if (question === 4) abort.abort(new Error('enough'));
    };
    await expect(walk(process, abort.signal)).rejects.toThrow('enough');
  });

  it.each([
    ['EPERM', 'the kernel refuses to have its memory read'],
    ['EOPNOTSUPP', 'switched off'],
    ['ENOSYS', '5.14'],
  ])('says why where kernel memory is refused with %s', async (errno, why) => {
    const { process } = stuck();
    process.kernel.refuses = errno;
    const { trouble } = await walk(process);
    expect(trouble).toHaveLength(1);
    expect(trouble[0]?.why).toContain(why);
  });

  it('says what is not visible on a kernel that has renamed something', async () => {
    const { process } = stuck();
    const layout = { ...process.layout, missing: ['io_ring_ctx.defer_list'] };
    const found = await walkKernel(process.target(), { pid: 4242, ringFds: [3], layout });
    expect(found).toMatchObject({
      consistent: true,
      trouble: [{ why: 'not visible on this kernel: io_ring_ctx.defer_list' }],
    });
  });

  it('says that a captured tree has none', async () => {
    const { kernel: _, ...target } = stuck().process.target({ label: 'capture /tmp/x' });
    const found = await walkKernel(target, { pid: 1, ringFds: [], layout: layoutOf('6.18') });
    expect(found.trouble).toMatchObject([{ why: 'capture /tmp/x has no kernel memory that could be read' }]);
  });
});
