import { describe, expect, it } from 'vitest';
import type { Finding, Sample } from '../../../src/model/sample';
import { read, ring, stuck } from '../views/samples';
import { sessionOf } from './scripted';

let second = 0;
/** A look so many seconds after boot. */
function at(uptime: number, more: Partial<Sample>): Sample {
  second++;
  return stuck({
    takenAt: new Date(Date.UTC(2026, 10, 22) + second * 1000).toISOString(),
    host: { name: 'db1', kernel: '6.18.44', arch: 'x86_64', uptime },
    findings: [],
    requests: [],
    rings: [ring(1, { inFlight: 0 })],
    ...more,
  });
}

const finding = (more: Partial<Finding>): Finding => ({
  tag: 'not-reaped',
  severity: 'warning',
  summary: '4 operations have finished.',
  explanation: 'So it is.',
  remedy: 'Collect them.',
  evidence: [{ ring: 1 }],
  ...more,
});

/** A session that follows, with filters set, past its first stop. */
async function following(first: Sample, filters: object) {
  const { client, services } = sessionOf(first, false);
  await client.ask('initialize', {});
  const { breakpoints } = await client.ask('setExceptionBreakpoints', filters);
  await client.ask('attach', { pid: 4242 });
  await client.ask('configurationDone');
  const stop = await client.event('stopped');
  await client.ask('continue');
  /** Looks, and goes on where that has stopped the view; what it was stopped for. */
  const look = async (sample: Sample): Promise<string | undefined> => {
    const from = client.events.length;
    services.inspection.look(sample);
    await client.ask('threads');
    const stopped = client.events.slice(from).find(({ event }) => event === 'stopped');
    if (!stopped) return undefined;
    expect(stopped.body).toMatchObject({ reason: 'exception', allThreadsStopped: true });
    // It stands in a narrow row.
    expect(stopped.body.description.length).toBeLessThan(20);
    const { description } = await client.ask('exceptionInfo', { threadId: 4242 });
    await client.ask('continue');
    return description;
  };
  return { client, services, breakpoints, stop, look };
}

const only = (filterId: string, condition?: string) => ({
  filters: [],
  filterOptions: [{ filterId, ...(condition === undefined ? {} : { condition }) }],
});

describe('the filter for long requests', () => {
  it('stops once for each request, by its age', async () => {
    const { look } = await following(at(1, {}), only('pending-longer', '5'));
    expect(await look(at(2, { requests: [read({ age: 4, userData: '0x1' })] }))).toBeUndefined();
    expect(await look(at(4, { requests: [read({ age: 6, userData: '0x1' })] }))).toBe(
      '1 request is pending for more than 5 s; the oldest for 6 s.',
    );
    expect(await look(at(9, { requests: [read({ age: 11, userData: '0x1' })] }))).toBeUndefined();
    const two = [read({ age: 12, userData: '0x1' }), read({ age: 7, userData: '0x2' })];
    expect(await look(at(10, { requests: two }))).toContain('1 request is pending');
    expect(await look(at(11, { requests: [] }))).toBeUndefined();
    expect(await look(at(12, { requests: [read({ age: 6, userData: '0x1' })] }))).toBeDefined();
  });

  it('counts from when it was first seen where no age is known', async () => {
    const requests = [read({ userData: '0x1' }), read({ userData: '0x2', state: 'completed' })];
    const { look } = await following(at(100, { requests }), { filters: ['pending-longer'] });
    expect(await look(at(109, { requests }))).toBeUndefined();
    expect(await look(at(111, { requests }))).toBe(
      '1 request is pending for more than 10 s; the oldest for 11 s.',
    );
  });

  it('says at the first stop what is long pending already', async () => {
    const requests = [read({ age: 31.2, worker: 4243 })];
    const { stop, client } = await following(at(1, { requests }), only('pending-longer', '10 s'));
    expect(stop.body).toMatchObject({ reason: 'exception', threadId: 4243 });
    expect(client.output).toContain('Stopped the view: 1 request is pending');
  });

  it('refuses a condition that is no number', async () => {
    for (const condition of ['soon', '-1', '0', 'NaN', '1e999']) {
      const { breakpoints } = await following(at(1, {}), only('pending-longer', condition));
      expect(breakpoints[0]).toMatchObject({ verified: false, message: expect.stringContaining(condition) });
    }
  });
});

describe('the filter for overflows', () => {
  it('stops when one begins', async () => {
    const rings = (overflowed: number) => ({ rings: [ring(1, { overflowed }), ring(2)] });
    const { look, client, breakpoints } = await following(at(1, rings(0)), { filters: ['cq-overflow'] });
    expect(breakpoints).toEqual([{ verified: true }]);
    expect(await look(at(2, rings(3)))).toBe('3 completions of ring 1 (fd 5) did not fit into its queue.');
    expect(client.named('stopped').at(-1)?.body.threadId).toBe((await client.ask('threads')).threads[0].id);
    expect(await look(at(3, rings(9)))).toBeUndefined();
    expect(await look(at(4, rings(0)))).toBeUndefined();
    expect(await look(at(5, rings(1)))).toBeDefined();
  });
});

describe('the filter for workers', () => {
  it('stops when none is free, by the pools and by the finding', async () => {
    const pool = (queued: number) => ({
      workerPools: [
        {
          tid: 4242,
          bounded: { workers: 8, limit: 8, queued },
          unbounded: { workers: 0, limit: 100, queued: 0 },
        },
      ],
    });
    const { look } = await following(at(1, pool(0)), { filters: ['workers-exhausted'] });
    expect(await look(at(2, pool(92)))).toBe(
      'No io-wq worker of thread 4242 is free: 8 of 8 bounded workers, 92 queued.',
    );
    expect(await look(at(3, pool(93)))).toBeUndefined();
    expect(await look(at(4, {}))).toBeUndefined();
    const told = finding({ tag: 'workers-exhausted', summary: 'All are held.', evidence: [{ task: 4243 }] });
    expect(await look(at(5, { findings: [told] }))).toBe('All are held.');
  });
});

describe('the filter for findings', () => {
  it('stops for what is new, and tells why', async () => {
    const { look, client, services } = await following(at(1, { findings: [finding({})] }), {
      filters: ['new-finding'],
    });
    expect(
      await look(at(2, { findings: [finding({ summary: '5 operations have finished.' })] })),
    ).toBeUndefined();
    expect(await look(at(3, { findings: [finding({ severity: 'info', tag: 'pending' })] }))).toBeUndefined();
    expect(await look(at(4, { findings: [finding({})] }))).toBe('4 operations have finished.');
    const other = finding({ evidence: [{ ring: 2 }], summary: 'Of ring 2.' });
    expect(await look(at(5, { findings: [finding({}), other] }))).toBe('Of ring 2.');

    services.inspection.look(at(6, { findings: [finding({ tag: 'deadlock', evidence: [{ task: 4244 }] })] }));
    await client.ask('threads');
    const info = await client.ask('exceptionInfo', { threadId: 4244 });
    expect(client.named('stopped').at(-1)?.body.threadId).toBe(4244);
    expect(info).toMatchObject({
      exceptionId: 'new-finding',
      breakMode: 'always',
      description: '4 operations have finished.',
      details: { stackTrace: 'CHECK 4 operations have finished.\nCollect them.' },
    });
    await client.ask('continue');
    expect((await client.request('exceptionInfo', { threadId: 4244 })).success).toBe(false);
  });

  it('takes a least severity, or a tag', async () => {
    const found = [finding({ severity: 'info', tag: 'pending', evidence: [] })];
    const all = await following(at(1, {}), only('new-finding', 'info'));
    expect(await all.look(at(2, { findings: found }))).toBeDefined();
    const tag = await following(at(1, {}), only('new-finding', 'deadlock'));
    expect(await tag.look(at(2, { findings: [finding({})] }))).toBeUndefined();
    expect(
      await tag.look(at(3, { findings: [finding({ tag: 'deadlock', severity: 'info' })] })),
    ).toBeDefined();
    const wrong = await following(at(1, {}), only('new-finding', 'x > 3'));
    expect(wrong.breakpoints[0].verified).toBe(false);
  });
});

describe('filters', () => {
  it('do nothing while they are off', async () => {
    const { look, client } = await following(at(1, {}), { filters: ['cq-overflow', 'no-such'] });
    await client.ask('setExceptionBreakpoints', { filters: [] });
    expect(await look(at(2, { rings: [ring(1, { overflowed: 3 })] }))).toBeUndefined();
  });

  it('answer for each that is asked for, whatever it is', async () => {
    const { client } = sessionOf(stuck(), false);
    const { breakpoints } = await client.ask('setExceptionBreakpoints', {
      filters: ['cq-overflow', 7],
      filterOptions: [null, 5, { filterId: 'new-finding', condition: 3 }],
    });
    expect(breakpoints.map(({ verified }: { verified: boolean }) => verified)).toEqual([
      true,
      false,
      false,
      false,
      true,
    ]);
    expect((await client.ask('setExceptionBreakpoints', {})).breakpoints).toEqual([]);
  });

  it('that are set anew with the same condition do not tell again what they have told', async () => {
    const requests = [read({ age: 31.2 })];
    const { look, client } = await following(at(1, { requests }), only('pending-longer', '10'));
    await client.ask('setExceptionBreakpoints', only('pending-longer', '10'));
    expect(await look(at(2, { requests }))).toBeUndefined();
    await client.ask('setExceptionBreakpoints', only('pending-longer', '20'));
    expect(await look(at(3, { requests }))).toContain('more than 20 s');
  });
});
