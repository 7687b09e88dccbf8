import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Request, Sample } from '../../src/model/sample';
import { readCounters } from '../../src/sample/counters';
import { takeSample } from '../../src/sample/takeSample';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { openTestTarget, self } from './support/probe';
import { skipUnless } from './support/rights';
import { startChurn } from './support/truth';
import { Turns } from './support/turns';
import { startVictim } from './support/victim';

let probe: ProbeTarget;

beforeAll(async () => {
  probe = await openTestTarget();
});
afterAll(() => probe.dispose());

describe('counters between looks', () => {
  it('are of one round trip, and move as the ring does', { timeout: 60_000 }, async (context) => {
    skipUnless(context, 'ioUring');
    const { pid } = await startChurn(context, self, 'unique', 60, ['entries', '256']);
    const look = await takeSample(probe, pid);
    const turns = new Turns();
    const far = turns.of(probe);
    const first = await readCounters(far, look);
    expect(turns.count).toBe(1);
    await sleep(300);
    const second = await readCounters(probe, look);
    const [a, b] = [first?.rings[0], second?.rings[0]];
    expect(((b?.cqTail ?? 0) - (a?.cqTail ?? 0)) >>> 0).toBeGreaterThan(100);
    expect(((b?.cqTail ?? 0) - (a?.cqTail ?? 0)) >>> 0).toBeLessThan(0x7fff_ffff);
    expect((second?.host.uptime ?? 0) - (first?.host.uptime ?? 0)).toBeGreaterThan(0.2);
  });

  it('say of a ring that stands what the look says, and nothing of a process that has ended', async (context) => {
    skipUnless(context, 'ioUring');
    const { pid, child } = await startVictim(context, self, 'ring_victim', ['fifo-open']);
    const look = await takeSample(probe, pid);
    const counters = await readCounters(probe, look);
    const facts = ({ rings }: Pick<Sample, 'rings'>) =>
      rings.map(({ id, sqHead, sqTail, cqHead, cqTail, inFlight }) => ({
        id,
        sqHead,
        sqTail,
        cqHead,
        cqTail,
        inFlight,
      }));
    expect(counters && facts(counters)).toEqual(facts(look));
    expect(look.rings).toHaveLength(1);
    child.kill('SIGKILL');
    await sleep(500);
    expect(await readCounters(probe, look)).toBeUndefined();
  });
});

describe('the ages of requests of a ring at full speed', () => {
  it.for(['unique', 'reused'] as const)(
    'are those of the few that stay, where user_data is %s, and of no other',
    { timeout: 90_000 },
    async (kind, context) => {
      skipUnless(context, 'root', 'ioUring');
      const churn = await startChurn(context, self, kind, 80, ['entries', '256']);
      const names = new Set(churn.rows.map((row) => row.user_data));
      const operations = new Set(churn.rows.map((row) => row.operation));
      // Of what a worker alone tells of the stack names no more than the operation; the program churns with others.
      const stays = ({ userData, operation }: Request) =>
        userData === undefined
          ? operations.has(operation) && !/^(NOP|READ)$/.test(operation)
          : names.has(userData);
      let previous: Sample | undefined;
      let old: readonly Request[] = [];
      for (let look = 0; look < 8; look++) {
        previous = await takeSample(probe, churn.pid, { previous });
        old = previous.requests.filter(({ seen = 0 }) => seen > 1);
        expect(old.filter((request) => !stays(request))).toEqual([]);
        await sleep(400);
      }
      expect(old.some(({ worker }) => worker !== undefined)).toBe(true);
    },
  );
});
