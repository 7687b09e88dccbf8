import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KernelLayout } from '../../src/kernel/layout';
import { openLayout } from '../../src/kernel/openLayout';
import { walkKernel } from '../../src/kernel/walk';
import type { KernelWalk, WalkedRequest, WalkedRing } from '../../src/kernel/walked';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { actor } from './support/actor';
import { frozenFileSystem, mountHangfs } from './support/mounts';
import { openTestTarget, self } from './support/probe';
import { needs, skipUnless } from './support/rights';
import { type Running, startVictim, type Truth, type Victim } from './support/victim';

let target: ProbeTarget;
let layout: KernelLayout;

beforeAll(async () => {
  if (needs.kernelMemory() !== undefined) return;
  target = await openTestTarget();
  const opened = await openLayout(target);
  if (!opened.ok) throw new Error(opened.blindness.why);
  layout = opened.layout;
});
afterAll(() => target?.dispose());

async function ringsOf(pid: number): Promise<number[]> {
  const [listing] = await target.list([`/proc/${pid}/fd`], { only: ['anon_inode:[io_uring]'] });
  return listing?.ok ? listing.entries.map(({ name }) => Number(name)) : [];
}

async function walk({ pid }: Victim, search?: { progress(fraction: number): void }): Promise<KernelWalk> {
  return walkKernel(target, { pid, ringFds: await ringsOf(pid), layout, ...(search ? { search } : {}) });
}

/** The only ring of a walk in which nothing moved. */
function onlyRing(found: KernelWalk): WalkedRing {
  expect(found).toMatchObject({ consistent: true, trouble: [] });
  expect(found.rings).toHaveLength(1);
  const [ring] = found.rings;
  if (ring === undefined) throw new Error('no ring was found');
  return ring;
}

function counted(rows: readonly WalkedRequest[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { operation, state } of rows) {
    const key = `${operation} ${state}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

interface Scene {
  readonly scene: string;
  readonly states: Readonly<Record<string, number>>;
  /** What every row of the operation the victim names has. */
  readonly each?: (truth: Truth) => object;
}

const onItsFd = ({ fd }: Truth): object => ({ fd });

const SCENES: readonly Scene[] = [
  {
    scene: 'fifo-open',
    states: { 'OPENAT running': 4 },
    each: () => ({ path: expect.stringMatching(/^fifo\d$/) }),
  },
  { scene: 'workers-exhausted', states: { 'OPENAT running': 2, 'OPENAT queued': 8 } },
  { scene: 'pipe-read', states: { 'READ polling': 1 }, each: onItsFd },
  { scene: 'pipe-read-async', states: { 'READ polling': 1 }, each: onItsFd },
  { scene: 'pipe-write-full', states: { 'WRITE polling': 1 }, each: onItsFd },
  { scene: 'tcp-recv', states: { 'RECV polling': 1 }, each: onItsFd },
  {
    scene: 'send-full',
    states: { 'SEND polling': 1 },
    each: (truth) => ({ ...onItsFd(truth), length: 4096 }),
  },
  { scene: 'accept-multishot', states: { 'ACCEPT polling': 1 }, each: onItsFd },
  {
    scene: 'eventfd-poll',
    states: { 'POLL_ADD polling': 1 },
    each: (truth) => ({ ...onItsFd(truth), operands: [{ name: 'poll events', value: 'POLLIN' }] }),
  },
  { scene: 'timeout', states: { 'TIMEOUT timeout': 1 }, each: () => ({ timeout: 1000 }) },
  { scene: 'linked', states: { 'READ polling': 1, 'WRITE linked': 1, 'FSYNC linked': 1 }, each: onItsFd },
  { scene: 'drain', states: { 'READ polling': 1, 'NOP drained': 4 }, each: onItsFd },
  { scene: 'futex', states: { 'FUTEX_WAIT waiting': 1 } },
  { scene: 'cq-unreaped', states: {} },
  { scene: 'cq-overflow', states: { 'UNKNOWN overflowed': 32 } },
  { scene: 'sq-unsubmitted', states: {} },
  { scene: 'sqpoll-spinning', states: { 'READ polling': 1 } },
  { scene: 'epoll-loop', states: { 'READ polling': 1 } },
];

describe('the walk lists every request the victim has pending', () => {
  it.for(SCENES)('$scene', async ({ scene, states, each }, context) => {
    skipUnless(context, 'ioUring', 'kernelMemory');
    const victim = await startVictim(context, self, 'ring_victim', [scene]);

    const ring = onlyRing(await walk(victim));

    expect(counted(ring.requests)).toEqual(states);
    expect(ring.found).toBe(victim.truth.inFlight);
    if (layout.optional.ringAllocated)
      expect(ring).toMatchObject({ live: victim.truth.inFlight, unexplained: 0 });
    for (const row of ring.requests) {
      expect(row).toMatchObject({ certainty: 'certain', sources: ['kernel walk'] });
      if (row.state !== 'overflowed') expect(row.submitter).toBeGreaterThanOrEqual(victim.pid);
      if (row.operation === victim.truth.operation) expect(row).toMatchObject(each?.(victim.truth) ?? {});
    }
    const userData = ring.requests.map((row) => row.userData);
    expect(new Set(userData).size).toBe(userData.length);
  });
});

describe('the walk tells', () => {
  it('which worker carries what, and the limits of the pool', async (context) => {
    skipUnless(context, 'ioUring', 'kernelMemory');
    const victim = await startVictim(context, self, 'ring_victim', ['workers-exhausted']);
    const found = await walk(victim);
    const running = onlyRing(found).requests.filter(({ state }) => state === 'running');
    for (const { worker } of running)
      expect(readFileSync(`/proc/${victim.pid}/task/${worker}/comm`, 'utf8')).toBe(`iou-wrk-${victim.pid}\n`);
    expect(found.pools).toMatchObject([
      { pid: victim.pid, tid: victim.pid, bounded: { workers: 2, limit: 2, queued: 8 } },
    ]);
  });

  it('how long a timer has run', async (context) => {
    skipUnless(context, 'ioUring', 'kernelMemory');
    const victim = await startVictim(context, self, 'ring_victim', ['timeout']);
    const [first] = onlyRing(await walk(victim)).requests;
    await new Promise((resolve) => setTimeout(resolve, 500));
    const [second] = onlyRing(await walk(victim)).requests;
    const passed = (first?.timeLeft ?? 0) - (second?.timeLeft ?? 0);
    expect(passed).toBeGreaterThan(0.45);
    expect(passed).toBeLessThan(5);
    expect(first?.timeLeft).toBeGreaterThan(960);
    expect(first?.timeLeft).toBeLessThan(1000.02);
  });

  it('a ring whose descriptor is closed, and the thread that submits for it', async (context) => {
    skipUnless(context, 'ioUring', 'kernelMemory');
    const closed = onlyRing(await walk(await startVictim(context, self, 'ring_victim', ['ring-closed'])));
    expect(closed).toMatchObject({ fds: [], registeredBy: { index: 0 } });
    expect(counted(closed.requests)).toEqual({ 'READ polling': 1 });
    const victim = await startVictim(context, self, 'ring_victim', ['sqpoll-spinning']);
    const polled = onlyRing(await walk(victim));
    expect(polled.setup).toEqual(['SQPOLL']);
    const comm = readFileSync(`/proc/${victim.pid}/task/${polled.sqpollTid}/comm`, 'utf8');
    expect(comm).toBe(`iou-sqp-${victim.pid}\n`);
  });

  it('writes that wait for another one to the same file of a frozen file system', async (context) => {
    skipUnless(context, 'ioUring', 'kernelMemory', 'loop');
    const path = `${frozenFileSystem(context)}/data`;
    const victim = await startVictim(context, self, 'ring_victim', ['file', path, 'write', '6']);
    const ring = await settled(victim, (rows) => rows.some(({ state }) => state === 'running'));
    const [running, ...others] = ring.requests.toSorted((a, b) => (a.state < b.state ? 1 : -1));
    expect(running?.state).toBe('running');
    expect(others).toHaveLength(5);
    for (const row of others)
      expect(row).toMatchObject({
        state: 'queued',
        afterKey: running?.key,
        stage: expect.stringMatching(
          /^waits behind another write to the same file(, taken along by its worker)?$/,
        ),
        length: 4096,
        fd: victim.truth.fd,
      });
    expect(new Set(ring.requests.map(({ offset }) => offset)).size).toBe(6);
  });

  it('reads inside a file system, on no list, by a search of the slabs', async (context) => {
    skipUnless(context, 'ioUring', 'kernelMemory', 'fuse');
    const { directory } = await mountHangfs(context);
    const victim = await startVictim(context, actor('root'), 'ring_victim', [
      'file',
      `${directory}/direct1`,
      'read',
      '20',
    ]);
    if (layout.optional.ringAllocated)
      expect(onlyRing(await walk(victim))).toMatchObject({ live: 20, found: 0, unexplained: 20 });
    const fractions: number[] = [];
    const ring = onlyRing(await walk(victim, { progress: (fraction) => fractions.push(fraction) }));
    expect(counted(ring.requests)).toEqual({ 'READ issued': 20 });
    expect(ring.requests.map(({ offset }) => offset).sort((a = 0, b = 0) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, index) => index * 131_072),
    );
    expect(fractions.at(-1)).toBe(1);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
  });

  it('that a process has ended, or is none', async (context) => {
    skipUnless(context, 'ioUring', 'kernelMemory');
    const found = await walkKernel(target, { pid: 999_999_999, ringFds: [], layout });
    expect(found).toMatchObject({ rings: [], consistent: false });
    expect(found.trouble[0]?.why).toBe('the process ended meanwhile');
  });

  it('that a process that goes on is not stuck, with no row that claims to be certain', async (context) => {
    skipUnless(context, 'ioUring', 'kernelMemory');
    const victim = await startVictim(context, self, 'ring_victim', ['healthy'], { busy: true });
    for (let look = 0; look < 20; look++) {
      const found = await walk(victim);
      const rows = found.rings.flatMap(({ requests }) => requests);
      if (!found.consistent) expect(rows.filter(({ certainty }) => certainty === 'certain')).toEqual([]);
      for (const { found: listed, live } of found.rings)
        if (found.consistent) expect(listed).toBeLessThanOrEqual(live ?? listed);
    }
  });

  it('a crowd of a thousand in little time', async (context) => {
    skipUnless(context, 'ioUring', 'kernelMemory');
    const victim = await startVictim(context, self, 'crowd', ['100', '1000', '1']);
    const found = await walk(victim);
    expect(found.consistent).toBe(true);
    expect(counted(found.rings.flatMap(({ requests }) => requests))).toEqual({ 'READ polling': 1000 });
  });
});

/** Looks until the program has come as far as `enough` says. */
async function settled(
  victim: Victim,
  enough: (rows: readonly WalkedRequest[]) => boolean,
): Promise<WalkedRing> {
  for (let tries = 0; ; tries++) {
    const found = await walk(victim);
    if (found.consistent && enough(found.rings[0]?.requests ?? [])) return onlyRing(found);
    if (tries === 50) throw new Error('the victim did not get stuck');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('without the right', () => {
  it('says what is missing', async (context: Running) => {
    const missing = needs.kernelMemory();
    if (missing === undefined) context.skip('this user may read kernel memory');
    const unprivileged = await openTestTarget();
    const opened = await openLayout(unprivileged);
    unprivileged.dispose();
    expect(opened).toMatchObject({
      ok: false,
      blindness: { what: 'requests inside the kernel, one by one' },
    });
  });
});
