import { beforeAll, describe, expect, it } from 'vitest';
import type { RingMemory } from '../../src/sample/ringMemory';
import { spawnProbe } from '../../src/target/local';
import { connectProbe, type ProbeTarget } from '../../src/target/probeTarget';
import { ringsOf } from '../unit/sample/ringCases';
import { ACTORS, type Actor, actor, actorMissing } from './support/actor';
import { everybodysProbe, skipUnlessMemoryReadable } from './support/probe';
import { skipUnless } from './support/rights';
import { type Running, startVictim, type Truth } from './support/victim';

let probe: string;

beforeAll(async () => {
  probe = await everybodysProbe();
});

async function openAs(running: Running, { name, uid, gid }: Actor): Promise<ProbeTarget> {
  const user = uid === undefined ? undefined : { uid, gid: gid ?? uid };
  const target = await connectProbe(spawnProbe(probe, user), name);
  running.onTestFinished(() => target.dispose());
  return target;
}

interface Scene {
  readonly scene: string;
  /** Operation and state of each row, in the order of submission. */
  readonly rows: (truth: Truth) => readonly string[];
  /** The last operands of the first row. */
  readonly says?: (truth: Truth) => readonly string[];
  readonly check?: (ring: RingMemory, truth: Truth) => void;
}

const pending =
  (state = 'pending') =>
  ({ operation, inFlight = 0 }: Truth): string[] =>
    Array<string>(inFlight).fill(`${operation} ${state}`);

const SCENES: readonly Scene[] = [
  { scene: 'pipe-read', rows: pending() },
  { scene: 'pipe-write-full', rows: pending() },
  { scene: 'tcp-recv', rows: pending() },
  { scene: 'accept-multishot', rows: pending(), says: () => ['flags: MULTISHOT'] },
  { scene: 'eventfd-poll', rows: pending(), says: () => ['poll events: POLLIN'] },
  {
    scene: 'fifo-open',
    rows: pending(),
    says: () => ['directory: AT_FDCWD', 'open flags: O_RDONLY', 'path, now: fifo1'],
  },
  { scene: 'workers-exhausted', rows: () => Array<string>(10).fill('OPENAT pending') },
  { scene: 'timeout', rows: pending('timeout'), says: () => ['timeout, now: 1000 s'] },
  {
    scene: 'futex',
    rows: pending(),
    says: () => ['value: 0x7', 'mask: 0xffffffff', 'futex flags: FUTEX2_SIZE_U32|FUTEX2_PRIVATE'],
  },
  {
    scene: 'linked',
    rows: () => ['READ pending', 'WRITE linked', 'FSYNC linked'],
    check: ({ rows = [] }) => expect(rows.map(({ after }) => after)).toEqual([undefined, 0, 0]),
  },
  {
    scene: 'drain',
    rows: () => ['READ pending', ...Array<string>(4).fill('NOP drained')],
    check: ({ rows = [] }) => expect(rows.map(({ after }) => after)).toEqual([undefined, 0, 1, 1, 1]),
  },
  {
    scene: 'cq-unreaped',
    rows: () => [],
    check: ({ completed, completedCount }, truth) => {
      expect(completedCount).toBe(truth.completed);
      expect(completed?.map(({ operation, result }) => `${operation} ${result}`)).toEqual(
        Array(6).fill('NOP 0'),
      );
    },
  },
  {
    scene: 'cq-overflow',
    rows: () => [],
    check: ({ sqFlags, completedCount, inFlight }, truth) => {
      expect(sqFlags).toEqual(['CQ_OVERFLOW']);
      expect(completedCount).toBe(truth.completed);
      expect(inFlight).toBe(0);
    },
  },
  {
    scene: 'sq-unsubmitted',
    rows: () => [],
    check: ({ prepared = [] }, truth) => {
      expect(prepared.map(({ operation }) => operation)).toEqual(Array(truth.prepared).fill('READ'));
    },
  },
  {
    scene: 'sqpoll-asleep',
    rows: () => [],
    check: ({ prepared, sqFlags }, truth) => {
      expect(prepared).toHaveLength(truth.prepared ?? 0);
      expect(sqFlags).toEqual(['NEED_WAKEUP']);
    },
  },
  { scene: 'ring-closed', rows: pending(), check: ({ fds }) => expect(fds).toEqual([]) },
  {
    scene: 'wait-nothing',
    rows: () => [],
    check: ({ inFlight, lost }) => expect({ inFlight, lost }).toEqual({ inFlight: 0, lost: 0 }),
  },
];

describe.each(ACTORS)('as %s, the memory of a ring tells what is pending in', (name) => {
  it.for(SCENES)('$scene', async ({ scene, rows, says, check }, context) => {
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    skipUnless(context, 'ioUring');
    const who = actor(name);
    skipUnlessMemoryReadable(context, who.uid);
    const target = await openAs(context, who);
    const victim = await startVictim(context, who, 'ring_victim', [scene]);

    const rings = await ringsOf(target, victim.pid, target.hello.release);

    expect(rings).toHaveLength(1);
    const [ring] = rings;
    expect(ring?.trouble).toBeUndefined();
    const found = ring?.rows ?? [];
    expect(found.map(({ operation, state }) => `${operation} ${state ?? 'pending'}`)).toEqual(
      rows(victim.truth),
    );
    expect(found.every(({ certainty }) => certainty !== 'ambiguous')).toBe(true);
    expect(ring?.lost ?? 0).toBe(0);
    const operands = (found[0]?.operands ?? []).map((operand) => `${operand.name}: ${operand.value}`);
    if (says) expect(operands).toEqual(says(victim.truth));
    if (ring && check) check(ring, victim.truth);
  });
});

describe('where all rings have one inode, as before 5.17', () => {
  it('their memory comes through their descriptors', async (context) => {
    skipUnless(context, 'ioUring');
    const who = actor('root');
    skipUnlessMemoryReadable(context, who.uid);
    const target = await openAs(context, who);
    const { pid } = await startVictim(context, who, 'ring_victim', ['linked']);
    const [ring] = await ringsOf(target, pid, '5.10.0');
    if (ring?.trouble?.why.includes('ENOSYS')) return context.skip('needs pidfd_getfd (Linux 5.6)');
    expect(ring?.fds).toHaveLength(1);
    expect(ring?.rows?.map(({ operation }) => operation)).toEqual(['READ', 'WRITE', 'FSYNC']);
  });
});

describe('a process of somebody else', () => {
  it('keeps the memory of its rings to itself', async (context) => {
    skipUnless(context, 'ioUring', 'root', 'ordinaryUser');
    const target = await openAs(context, actor('an ordinary user'));
    const { pid } = await startVictim(context, actor('root'), 'ring_victim', ['pipe-read']);
    // Its maps, too, may not be read: where they were known, the memory would not be given.
    const [result] = await target.memory(pid, [{ address: 0x400000n, length: 64 }]);
    expect(result).toMatchObject({ ok: false, errno: expect.stringMatching(/^E(ACCES|PERM)$/) });
    expect(await ringsOf(target, pid, target.hello.release)).toEqual([]);
  });
});
