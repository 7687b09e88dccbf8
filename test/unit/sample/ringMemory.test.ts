import { describe, expect, it } from 'vitest';
import type { MemoryRange, MemoryResult } from '../../../src/probe/protocol';
import type { MapsRow } from '../../../src/procfs/maps';
import { type RingMemory, readRingMemory } from '../../../src/sample/ringMemory';
import type { Target } from '../../../src/target/target';
import { type Habits, randomFrom, SimulatedRing, USUAL } from '../ring/simulator';
import { ringsOfCase } from './ringCases';

/** How many rows of which operation and state, and how sure; and what is counted without a row. */
function summary(rings: readonly RingMemory[]): Record<string, number> {
  const found: Record<string, number> = {};
  const count = (key: string, by = 1): void => {
    if (by > 0) found[key] = (found[key] ?? 0) + by;
  };
  for (const { rows = [], prepared = [], completedCount = 0, lost = 0 } of rings) {
    for (const row of [...rows, ...prepared]) {
      count(`${row.certainty} ${row.operation} ${row.state ?? 'pending'}`);
    }
    count('completed', completedCount);
    count('lost', lost);
  }
  return found;
}

const reads = (many: number): Record<string, number> => ({ 'certain READ pending': many });

describe('the memory of recorded rings tells what the programs themselves logged', () => {
  it.each<[string, Record<string, number>]>([
    ['accept-multi', { 'certain ACCEPT pending': 1 }],
    ['counter-skip', { 'certain READ pending': 1, 'ambiguous NOP pending': 10 }],
    ['cq-overflow', { completed: 8 }],
    ['cq-unreaped', { completed: 6 }],
    ['disk-dio-read', reads(8)],
    // fio's 32 reads, after 47626 that ended: every user_data was used hundreds of times.
    ['disk-fio', { 'inferred READ pending': 32 }],
    ['disk-fio-nonvectored', { 'inferred FSYNC pending': 15, 'inferred WRITE pending': 1 }],
    ['disk-fio-sqpoll', { 'inferred READ_FIXED pending': 16 }],
    ['disk-fsync', { 'certain FSYNC pending': 1, completed: 1 }],
    ['drain-behind-pipe', { 'certain READ pending': 1, 'certain NOP drained': 4 }],
    ['epollwait-op', { 'certain EPOLL_WAIT pending': 1 }],
    ['fifo-open', { 'certain OPENAT pending': 4 }],
    [
      'freeze-ext4-mixed',
      {
        'certain WRITE pending': 2,
        'certain OPENAT pending': 1,
        'certain RENAMEAT pending': 1,
        'certain MKDIRAT pending': 1,
        'certain UNLINKAT pending': 1,
        'certain FALLOCATE pending': 1,
        completed: 3,
      },
    ],
    ['freeze-ext4-write-linktimeout', { 'certain WRITE pending': 1, completed: 1 }],
    ['fuse-100-slow5', reads(100)],
    ['fuse-write-hang', { 'certain WRITE pending': 4 }],
    ['futex-op', { 'certain FUTEX_WAIT pending': 1 }],
    ['link-behind-pipe', { 'certain READ pending': 1, 'certain WRITE linked': 1, 'certain FSYNC linked': 1 }],
    ['linktimeout-async-fifo', { 'certain OPENAT pending': 1, 'certain LINK_TIMEOUT timeout': 1 }],
    ['many-polls', reads(200)],
    // One of libuv's rings has one read in flight, after 31651 others of a few user_data.
    ['node-io-uring', { 'ambiguous READV pending': 1 }],
    ['ring-fd-registered-closed', reads(1)],
    ['splice-pipe', { 'certain SPLICE pending': 1 }],
    ['sq-unsubmitted', { 'certain READ prepared': 5 }],
    ['sqpoll-asleep', { 'certain READ prepared': 3, completed: 1 }],
    ['timeout-only', { 'certain TIMEOUT timeout': 1 }],
    ['waitid-op', { 'certain WAITID pending': 1 }],
    ['worker-exhausted', { 'certain OPENAT pending': 10 }],
    ['vm-6.1.0-dm-suspended-dio', reads(8)],
    ['vm-6.1.0-fixed-files', reads(2)],
    [
      'vm-6.1.0-nfs-server-gone',
      {
        ...reads(4),
        'certain STATX pending': 1,
        'certain OPENAT pending': 1,
      },
    ],
    ['vm-6.1.0-uffd-cached', reads(1)],
    ['vm-6.1.0-worker-exhausted', { 'certain OPENAT pending': 10 }],
    ['vm-6.12.117-linktimeout-splice', { 'certain SPLICE pending': 1, 'certain LINK_TIMEOUT timeout': 1 }],
    ['vm-6.12.117-worker-exhausted', { 'certain OPENAT pending': 10 }],
  ])('%s', async (name, expected) => {
    const rings = await ringsOfCase(name);
    expect(rings.map(({ trouble }) => trouble)).toEqual(rings.map(() => undefined));
    expect(summary(rings)).toEqual(expected);
  });

  it('and where there is none, why', async () => {
    const [ring] = await ringsOfCase('vm-5.10.0-accept');
    expect(ring?.counters).toBeUndefined();
    expect(ring?.trouble?.why).toMatch(/EIO/);
  });
});

const RING = 0x10000n;
const SQES = 0x800000n;
/** What the program's other memory holds. */
const OTHER = 0x10000000n;

const row = (start: bigint, length: number, offset: bigint, inode = 9): MapsRow => ({
  start,
  end: start + BigInt(length),
  perms: 'rw-s',
  offset,
  device: '0:15',
  inode,
  path: 'anon_inode:[io_uring]',
  deleted: false,
});

interface Served {
  readonly target: Target;
  readonly mappings: readonly MapsRow[];
  readonly asked: MemoryRange[];
}

/** A process whose memory is a simulated ring; `meanwhile` runs before each further question is answered. */
function serve(
  ring: SimulatedRing,
  options: { meanwhile?: () => void; refuse?: string; byDescriptor?: boolean; other?: Buffer } = {},
): Served {
  const asked: MemoryRange[] = [];
  const bytesAt = ({ address, length, ring: through }: MemoryRange): MemoryResult => {
    if (options.refuse) return { ok: false, errno: options.refuse };
    if (options.byDescriptor && through) {
      const whole = through.offset === 0n ? ring.ring : ring.sqes;
      const data = Buffer.from(whole.subarray(0, length));
      return length > whole.length ? { ok: false, errno: 'EINVAL' } : { ok: true, data, truncated: false };
    }
    for (const [start, bytes] of [
      [RING, options.byDescriptor ? undefined : ring.ring],
      [SQES, options.byDescriptor ? undefined : ring.sqes],
      [OTHER, options.other],
    ] as const) {
      if (!bytes || address < start || address >= start + BigInt(bytes.length)) continue;
      const at = Number(address - start);
      return { ok: true, data: Buffer.from(bytes.subarray(at, at + length)), truncated: false };
    }
    return { ok: false, errno: 'EIO' };
  };
  const nothing = () => Promise.resolve([]);
  const target: Target = {
    label: 'a simulated ring',
    frozen: false,
    arch: 'x86_64',
    rights: { uid: 0, capabilities: 0n },
    ...{ read: nothing, list: nothing, link: nothing, inodes: nothing, dispose: () => undefined },
    memory: (_, ranges) => {
      const results = ranges.map((range) => {
        asked.push(range);
        const result = bytesAt(range);
        options.meanwhile?.();
        return result;
      });
      return Promise.resolve(results);
    },
  };
  return {
    target,
    asked,
    mappings: [row(RING, ring.ring.length, 0n), row(SQES, ring.sqes.length, 0x10000000n)],
  };
}

async function readServed(
  served: Served,
  descriptors: readonly { fd: number; inode?: number }[],
  ownInode = true,
) {
  const { target, mappings } = served;
  return readRingMemory(target, { pid: 1, mappings, descriptors, ownInode });
}

function play(habits: Partial<Habits>, steps: number, seed = 7): SimulatedRing {
  const ring = new SimulatedRing({ ...USUAL, ...habits }, randomFrom(seed));
  for (let step = 0; step < steps; step++) ring.step();
  return ring;
}

const sequences = (ring: RingMemory | undefined) => (ring?.rows ?? []).map(({ sequence }) => sequence);
const inFlight = (ring: SimulatedRing) => ring.inFlight.map(({ position }) => position).sort((a, b) => a - b);

describe('the memory of a ring', () => {
  it('goes with all descriptors of its inode, and is read once', async () => {
    const ring = play({ sqEntries: 64, cqEntries: 128 }, 60);
    const found = await readServed(serve(ring), [
      { fd: 4, inode: 9 },
      { fd: 7, inode: 9 },
    ]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      fds: [4, 7],
      inode: 9,
      sqeSize: 64,
      cqeSize: 16,
      moved: false,
      setup: [],
    });
    expect(sequences(found[0])).toEqual(inFlight(ring));
  });

  it('is read without a descriptor, too', async () => {
    const ring = play({ sqEntries: 64, cqEntries: 128 }, 60);
    const [found] = await readServed(serve(ring), []);
    expect(found?.fds).toEqual([]);
    expect(sequences(found)).toEqual(inFlight(ring));
  });

  it('is asked for by the descriptor where inodes tell no ring from another', async () => {
    const ring = play({ sqEntries: 64, cqEntries: 128, layout: 'spread' }, 60);
    const [found] = await readServed(serve(ring, { byDescriptor: true }), [{ fd: 4 }], false);
    expect(found).toMatchObject({ fds: [4], setup: [] });
    expect(sequences(found)).toEqual(inFlight(ring));
  });

  it.each(['unique', 'reuse'] as const)('is the same read in parts, %s user_data', async (userData) => {
    for (let seed = 1; seed < 12; seed++) {
      const ring = play({ sqEntries: 2048, cqEntries: 4096, userData }, seed * 300, seed);
      const served = serve(ring);
      const [found] = await readServed(served, [{ fd: 4, inode: 9 }]);
      expect(sequences(found)).toEqual(inFlight(ring));
      if (userData === 'unique')
        expect(found?.rows?.every(({ certainty }) => certainty === 'certain')).toBe(true);
      const bytes = served.asked.reduce((total, { length }) => total + length, 0);
      if (seed === 1) expect(bytes).toBeLessThan((ring.ring.length + ring.sqes.length) / 4);
    }
  });

  it('is what it was at first where the program goes on while it is read', async () => {
    for (let seed = 1; seed < 40; seed++) {
      const ring = play({ sqEntries: 2048, cqEntries: 4096, mostInFlight: 60 }, 200, seed);
      const truth = new Set(inFlight(ring));
      const served = serve(ring, { meanwhile: () => Array.from({ length: 30 }, () => ring.step()) });
      const [found] = await readServed(served, [{ fd: 4, inode: 9 }]);
      expect(found?.moved).toBe(true);
      expect(sequences(found)).toEqual([...truth]);
    }
  });

  it('that may not be read is named with what would help', async () => {
    const [found] = await readServed(serve(play({}, 10), { refuse: 'EACCES' }), [{ fd: 4, inode: 9 }]);
    expect(found).toMatchObject({ fds: [4], trouble: { what: 'the memory of the ring 4' } });
    expect(found?.trouble?.why).toMatch(/EACCES/);
    expect(found?.trouble?.remedy).toMatch(/ptrace_scope/);
    expect(found?.rows).toBeUndefined();
  });

  it('that the program has scribbled over is refused with the reason', async () => {
    const ring = play({}, 10);
    const { mappings, target } = serve(ring);
    ring.ring.writeUInt32LE(12345, 24);
    const [found] = await readRingMemory(target, { pid: 1, mappings, descriptors: [], ownInode: true });
    expect(found?.trouble?.why).toMatch(/header makes no sense/);
  });

  it('that is not mapped is said to be so', async () => {
    const { target } = serve(play({}, 10));
    const asked = { pid: 1, mappings: [], descriptors: [{ fd: 3, inode: 5 }], ownInode: true };
    expect(await readRingMemory(target, asked)).toMatchObject([
      { fds: [3], trouble: { why: 'it is not mapped' } },
    ]);
  });

  it('is found in ordinary memory by its counters, and then nothing is certain', async () => {
    const ring = play({ sqEntries: 64, cqEntries: 128 }, 60);
    const other = Buffer.alloc(1 << 20);
    ring.sqes.copy(other, 0x4000);
    ring.ring.copy(other, 0x8000);
    // A page that looks like SQEs at a glance.
    other.fill(1, 0x1000, 0x1040);
    const { target } = serve(play({}, 0), { other });
    const header = ring.header();
    const found = await readRingMemory(target, {
      pid: 1,
      mappings: [],
      descriptors: [{ fd: 3, inode: 5, counters: { ...header, sqMask: 63, cqMask: 127 } }],
      ownInode: true,
      everyMapping: () => [{ ...row(OTHER, other.length, 0n, 0), perms: 'rw-p', path: '/dev/zero' }],
    });
    expect(found).toMatchObject([{ fds: [3], setup: ['NO_MMAP'] }]);
    expect(sequences(found[0])).toEqual(inFlight(ring));
    expect(new Set(found[0]?.rows?.map(({ certainty }) => certainty))).toEqual(new Set(['inferred']));
  });
});

describe('what stands behind a pointer', () => {
  it('is marked as read now, unless the request is not submitted yet', async () => {
    const ring = play({ sqEntries: 64, cqEntries: 128 }, 0);
    const other = Buffer.from('/tmp/fifo\0');
    for (let index = 0; index < 2; index++) {
      ring.fill();
      ring.sqes[index * 64] = 18;
      ring.sqes.writeBigUInt64LE(OTHER, index * 64 + 16);
    }
    ring.submit();
    ring.ring.writeUInt32LE(1, 0);
    const [found] = await readServed(serve(ring, { other }), [{ fd: 4, inode: 9 }]);
    const path = (rows: RingMemory['rows']) =>
      rows?.[0]?.operands?.find(({ value }) => value === '/tmp/fifo')?.name;
    expect(path(found?.rows)).toBe('path, now');
    expect(path(found?.prepared)).toBe('path');
  });
});
