import { expect, it } from 'vitest';
import { openLayout } from '../../src/kernel/openLayout';
import { walkKernel } from '../../src/kernel/walk';
import type { KernelWalk, WalkedRing } from '../../src/kernel/walked';
import type { Machine } from './support/machine';
import { onKernels } from './support/onKernels';
import { startVictim } from './support/victim';

async function walk({ target }: Machine, pid: number, search = false): Promise<KernelWalk> {
  const opened = await openLayout(target);
  if (!opened.ok) throw new Error(opened.blindness.why);
  const [listing] = await target.list([`/proc/${pid}/fd`], { only: ['anon_inode:[io_uring]'] });
  const ringFds = listing?.ok ? listing.entries.map(({ name }) => Number(name)) : [];
  return walkKernel(target, { pid, ringFds, layout: opened.layout, ...(search ? { search: {} } : {}) });
}

/** The only ring of a walk in which nothing moved. */
function onlyRing(found: KernelWalk): WalkedRing {
  expect(found).toMatchObject({ consistent: true, trouble: [] });
  expect(found.rings).toHaveLength(1);
  const [ring] = found.rings;
  if (ring === undefined) throw new Error('no ring was found');
  return ring;
}

function counted({ requests }: WalkedRing): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { operation, state } of requests) {
    const key = `${operation} ${state}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

const SCENES: readonly (readonly [scene: string, states: Readonly<Record<string, number>>])[] = [
  ['fifo-open', { 'OPENAT running': 4 }],
  ['workers-exhausted', { 'OPENAT running': 2, 'OPENAT queued': 8 }],
  ['pipe-read', { 'READ polling': 1 }],
  ['pipe-write-full', { 'WRITE polling': 1 }],
  ['accept-multishot', { 'ACCEPT polling': 1 }],
  ['eventfd-poll', { 'POLL_ADD polling': 1 }],
  ['timeout', { 'TIMEOUT timeout': 1 }],
  ['linked', { 'READ polling': 1, 'WRITE linked': 1, 'FSYNC linked': 1 }],
  ['drain', { 'READ polling': 1, 'NOP drained': 4 }],
  ['futex', { 'FUTEX_WAIT waiting': 1 }],
  ['cq-overflow', { 'UNKNOWN overflowed': 32 }],
  ['sqpoll-spinning', { 'READ polling': 1 }],
];

onKernels((kernel) => {
  it('the walk says where it cannot be made', async (context) => {
    const machine = await kernel.machine(context);
    const opened = await openLayout(machine.target);
    if (kernel.version === '5.10')
      expect(opened).toMatchObject({ ok: false, blindness: { why: expect.stringContaining('5.14') } });
    else expect(opened).toMatchObject({ ok: true, layout: { missing: [] } });
    const user = await openLayout(await machine.asUser());
    expect(user).toMatchObject({ ok: false, blindness: { what: 'requests inside the kernel, one by one' } });
  });

  it.for(SCENES)('the walk lists what is pending: %s', async ([scene, states], context) => {
    const machine = await kernel.machine(context);
    if (kernel.version === '5.10') context.skip('there is no walk before 5.14');
    const { pid, truth } = await startVictim(context, machine, 'ring_victim', [scene]);

    const ring = onlyRing(await walk(machine, pid));

    expect(counted(ring)).toEqual(states);
    expect(ring.found).toBe(truth.inFlight);
    for (const row of ring.requests) {
      expect(row).toMatchObject({ certainty: 'certain' });
      if (row.operation === truth.operation && truth.fd !== undefined) expect(row.fd).toBe(truth.fd);
      if (row.state === 'running') expect(row.worker).toBeGreaterThan(pid);
      if (row.state === 'timeout') expect(row.timeLeft).toBeGreaterThan(900);
    }
  });

  it('the walk lists what is registered', async (context) => {
    const machine = await kernel.machine(context);
    if (kernel.version === '5.10') context.skip('there is no walk before 5.14');
    const { pid, truth } = await startVictim(context, machine, 'ring_victim', ['registered']);
    const { registered, registeredFiles, registeredBuffers } = onlyRing(await walk(machine, pid));
    expect({ registeredFiles, registeredBuffers }).toEqual({ registeredFiles: 6, registeredBuffers: 3 });
    expect(registered.files).toEqual([
      { index: 0, fd: truth.fd },
      { index: 2, direct: true, kind: 'pipe', name: expect.stringMatching(/^pipe:\[\d+\]$/) },
      { index: 3, direct: true, kind: 'file', name: 'direct' },
      { index: 4, direct: true, kind: 'socket', name: expect.stringMatching(/^socket:\[\d+\]$/) },
    ]);
    expect(registered.buffers).toMatchObject([
      { index: 0, address: truth.address, length: 4096 },
      { index: 1, length: 8192 },
    ]);
    for (const buffer of registered.buffers ?? []) expect(buffer).not.toHaveProperty('cloned');
    expect(registered.groups).toEqual([{ id: 70, kind: 'ring', entries: 8, head: 0, tail: 3, left: 3 }]);
  });

  it('a search of the slabs finds what is on no list, and nothing else', async (context) => {
    const machine = await kernel.machine(context);
    if (kernel.version === '5.10') context.skip('there is no walk before 5.14');
    const listed = await startVictim(context, machine, 'ring_victim', ['linked']);
    const rows = { 'READ polling': 1, 'WRITE linked': 1, 'FSYNC linked': 1 };
    expect(counted(onlyRing(await walk(machine, listed.pid, true)))).toEqual(rows);
    const { pid } = await startVictim(context, machine, 'ring_victim', ['uffd-read']);
    // Its file system decides whether the submitter does the work or a worker.
    const { live, requests } = onlyRing(await walk(machine, pid, true));
    const [inside, ...more] = requests.filter(({ operation }) => operation === 'READ');
    expect(more).toEqual([]);
    // Where the kernel does not count, what was freed with an earlier ring may look alike; it is not called certain.
    const others = requests.filter(
      (row) => row !== inside && (live !== undefined || row.certainty === 'certain'),
    );
    expect(others).toEqual([]);
    expect(inside).toMatchObject({ operation: 'READ', length: 4096, offset: 0 });
    expect(['issued', 'running']).toContain(inside?.state);
  });
});
