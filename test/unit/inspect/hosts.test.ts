import { describe, expect, it } from 'vitest';
import { backOff } from '../../../src/inspect/backOff';
import type { OpenHost } from '../../../src/inspect/host';
import { type HostId, hostKey } from '../../../src/inspect/hostId';
import { hostWords } from '../../../src/inspect/hostState';
import { Hosts } from '../../../src/inspect/hosts';
import { Inspections } from '../../../src/inspect/inspections';
import { UserError } from '../../../src/model/errors';
import type { Target } from '../../../src/target/target';
import { stuck } from '../views/samples';
import { askers, FakeTarget, SteppedClock, settled } from './fakeHosts';

const DB1: HostId = { kind: 'ssh', alias: 'db1' };

function gone(): UserError {
  return new UserError(
    'host-unreachable',
    'db1 cannot be reached.',
    'No route to host.',
    'Check the network.',
  );
}

/** Hosts whose targets are `made`, one an opening; an error in `fail` is what the next opening ends with. */
function stage(open?: OpenHost) {
  const clock = new SteppedClock();
  const made: FakeTarget[] = [];
  const fail: UserError[] = [];
  const opening: OpenHost = async () => {
    const error = fail.shift();
    if (error) throw error;
    const fake = new FakeTarget(`target ${made.length + 1}`);
    made.push(fake);
    return fake.target;
  };
  const hosts = new Hosts(open ?? opening, askers, clock, () => 0.5);
  const host = hosts.of(DB1);
  const words = () => hostWords(host.state, clock.now());
  const label = () => host.use(async (target) => target.label);
  return { clock, made, fail, hosts, host, words, label };
}

describe('a host', () => {
  it('is opened once, at the first use, and closed when it is left', async () => {
    const { host, made, label, hosts } = stage();
    expect([host.state.kind, made.length]).toEqual(['idle', 0]);
    expect(await Promise.all([label(), label()])).toEqual(['target 1', 'target 1']);
    expect(host.state.kind).toBe('connected');
    hosts.leave(host.key);
    expect([made[0]?.closed, hosts.all]).toEqual([true, []]);
  });

  it('that could not be opened is tried again by the next use, and not by itself', async () => {
    const { host, fail, label, clock } = stage();
    fail.push(gone());
    await expect(label()).rejects.toThrow('No route to host.');
    expect([host.state.kind, clock.due]).toEqual(['idle', []]);
    expect(await label()).toBe('target 1');
  });

  it('says that it is lost, since when and when it is tried again, and comes back', async () => {
    const { host, made, label, clock, words, hosts } = stage();
    const back: string[] = [];
    hosts.onBack(({ name }) => back.push(name));
    await label();
    made[0]?.lose('The server closed the connection.');
    await settled();
    expect(made[0]?.closed).toBe(true);
    expect(words()).toBe('connection lost 0 s ago, trying again in 1 s');
    await expect(label()).rejects.toMatchObject({
      code: 'host-lost',
      why: 'Connection lost 0 s ago, trying again in 1 s. The server closed the connection.',
    });
    expect([made.length, back]).toEqual([1, []]);
    await clock.advance(1000);
    expect([host.state.kind, made.length, back]).toEqual(['connected', 2, ['db1']]);
    expect(await label()).toBe('target 2');
    expect([clock.due, back]).toEqual([[], ['db1']]);
  });

  it('notices the loss by an answer that failed', async () => {
    const { host, made, label } = stage();
    await label();
    const use = host.use(async () => {
      throw new UserError('probe-gone', 'The connection to the probe is lost.', 'It ended with code 1.');
    });
    await expect(use).rejects.toMatchObject({ code: 'probe-gone' });
    expect([host.state.kind, made[0]?.closed]).toEqual(['lost', true]);
  });

  it('stays connected through errors that are about a process', async () => {
    const { host, label, made } = stage();
    await label();
    const use = host.use(async () => {
      throw new UserError('no-such-process', 'There is no process 1.', 'It has ended.');
    });
    await expect(use).rejects.toThrow();
    expect([host.state.kind, made[0]?.closed]).toEqual(['connected', false]);
  });

  it('is tried again after 1, 2, 5, 10, 30, 30… seconds', async () => {
    const { made, fail, label, clock, words } = stage();
    await label();
    fail.push(...Array.from({ length: 6 }, gone));
    made[0]?.lose('');
    await settled();
    const waits: number[] = [];
    for (let tries = 0; tries < 6; tries++) {
      const [wait = 0] = clock.due;
      waits.push(wait / 1000);
      await clock.advance(wait);
    }
    expect(waits).toEqual([1, 2, 5, 10, 30, 30]);
    expect(words()).toBe('connection lost 78 s ago, trying again in 30 s');
  });

  it('waits a little more or less, so that hosts lost together are not tried together', () => {
    expect([backOff(0, () => 0), backOff(0, () => 1), backOff(9, () => 0.5)]).toEqual([800, 1200, 30_000]);
  });

  it('is tried at once when the user says so', async () => {
    const { host, made, fail, label, clock } = stage();
    await label();
    fail.push(gone(), gone());
    made[0]?.lose('');
    await settled();
    await clock.advance(1000);
    await expect(host.reach()).rejects.toThrow('No route to host.');
    expect([host.state.kind, clock.due]).toEqual(['lost', [5000]]);
    await host.reach();
    expect([host.state.kind, clock.due, made.length]).toEqual(['connected', [], 2]);
  });

  it('is not tried again by itself where that does harm: a refused password locks accounts', async () => {
    const { host, made, fail, label, clock, words } = stage();
    await label();
    fail.push(new UserError('not-permitted', 'db1 refused the password.', 'It is wrong.', 'Ask its owner.'));
    made[0]?.lose('');
    await settled();
    await clock.advance(100_000);
    expect(host.state).toMatchObject({ kind: 'failed', problem: { what: 'db1 refused the password.' } });
    expect([clock.due, made.length]).toEqual([[], 1]);
    expect(words()).toBe('connection lost 100 s ago, not trying again: It is wrong.');
    await host.reach();
    expect(host.state.kind).toBe('connected');
  });

  it('shows no question for what happens by itself, and says that one is due', async () => {
    const asked: (string | undefined)[] = [];
    const made: FakeTarget[] = [];
    const { host, clock, label } = stage(async (_id, who) => {
      const answer = await who.secret({ kind: 'password', text: 'Password', again: false, hidden: true });
      asked.push(answer);
      if (answer === undefined) throw gone();
      made.push(new FakeTarget('by password'));
      return made.at(-1)?.target as Target;
    });
    await label();
    made[0]?.lose('');
    await settled();
    await clock.advance(1000);
    expect(asked).toEqual(['open sesame', undefined]);
    expect(host.state).toMatchObject({
      kind: 'failed',
      problem: { why: 'Connecting again needs an answer from you.' },
    });
    await host.reach();
    expect([asked.at(-1), host.state.kind]).toEqual(['open sesame', 'connected']);
  });

  it('gives up a silent try by itself after a minute', async () => {
    let opened = 0;
    const first = new FakeTarget('first');
    const { host, label, clock } = stage((_id, _asker, _signal) => {
      opened += 1;
      return opened === 1 ? Promise.resolve(first.target) : new Promise(() => undefined);
    });
    await label();
    first.lose('');
    await settled();
    await clock.advance(1000);
    expect(host.state).toEqual({ kind: 'lost', why: '', since: 0, tries: 0 });
    await clock.advance(60_000);
    expect(host.state).toMatchObject({ kind: 'lost', tries: 1, next: 63_000 });
  });

  it('is left in peace by a look that is cancelled while another one waits for it', async () => {
    let arrive = (_: Target) => {};
    let ended = false;
    const { host, label } = stage((_id, _asker, signal) => {
      signal.addEventListener('abort', () => {
        ended = true;
      });
      return new Promise((resolve) => {
        arrive = resolve;
      });
    });
    const cancel = new AbortController();
    const one = host.use(async ({ label: name }) => name, cancel.signal);
    const other = label();
    await settled();
    cancel.abort();
    await expect(one).rejects.toMatchObject({ code: 'cancelled' });
    expect([host.state.kind, ended]).toEqual(['connecting', false]);
    arrive(new FakeTarget('late').target);
    expect(await other).toBe('late');
  });

  it('ends the opening when the last one who waits gives up, and closes what comes too late', async () => {
    let arrive = (_: Target) => {};
    const { host } = stage(
      () =>
        new Promise((resolve) => {
          arrive = resolve;
        }),
    );
    const cancel = new AbortController();
    const one = host.reach(cancel.signal);
    await settled();
    cancel.abort();
    await expect(one).rejects.toMatchObject({ code: 'cancelled' });
    expect(host.state.kind).toBe('idle');
    const late = new FakeTarget('late');
    arrive(late.target);
    await settled();
    expect(late.closed).toBe(true);
  });

  it('of a window that is closed is tried no more', async () => {
    const { made, label, clock, hosts } = stage();
    await label();
    made[0]?.lose('');
    await settled();
    hosts.dispose();
    expect(clock.due).toEqual([]);
  });
});

describe('the hosts of a window', () => {
  it('that nothing is inspected on are left, but not while a process is picked there', async () => {
    const { hosts, made } = stage();
    const names = () => hosts.all.map(({ name }) => name);
    let picked = () => {};
    const picking = hosts.hold(DB1, async (host) => {
      await host.reach();
      await new Promise<void>((resolve) => {
        picked = resolve;
      });
    });
    await settled();
    hosts.leaveOthers(new Set());
    expect([names(), made[0]?.closed]).toEqual([['db1'], false]);
    picked();
    await picking;
    hosts.leaveOthers(new Set(['ssh:db1']));
    expect(names()).toEqual(['db1']);
    hosts.leaveOthers(new Set());
    expect([names(), made[0]?.closed]).toEqual([[], true]);
  });

  it('that are kept stay connected until they are left, and nothing is kept of what is not known', async () => {
    const { hosts, made } = stage();
    hosts.keep('ssh:unknown');
    expect(hosts.kept).toEqual([]);
    await hosts.of(DB1).reach();
    let changes = 0;
    hosts.onChange(() => {
      changes += 1;
    });
    hosts.keep(hostKey(DB1));
    hosts.keep(hostKey(DB1));
    expect(changes).toBe(1);
    hosts.leaveOthers(new Set());
    expect([hosts.kept.map(({ name }) => name), made[0]?.closed]).toEqual([['db1'], false]);
    await hosts.of(DB1).use(async () => undefined);
    expect(made).toHaveLength(1);

    hosts.leave(hostKey(DB1));
    expect([hosts.kept, made[0]?.closed]).toEqual([[], true]);
    // Used again, it is kept only if somebody says so again.
    await hosts.of(DB1).reach();
    hosts.leaveOthers(new Set());
    expect(made[1]?.closed).toBe(true);
  });

  it('are closed with the window, kept or not', async () => {
    const { hosts, made } = stage();
    await hosts.of(DB1).reach();
    hosts.keep(hostKey(DB1));
    hosts.dispose();
    expect([hosts.all, made[0]?.closed]).toEqual([[], true]);
  });
});

describe('the inspections of a host that is lost', () => {
  it('keep their last Sample and go on when it is back', async () => {
    const { made, fail, clock, hosts } = stage();
    const inspections = new Inspections(
      (id) => () =>
        hosts.of(id).use(async (target) => ({ ...stuck(), host: { ...stuck().host, name: target.label } })),
      clock,
    );
    hosts.onBack(({ id }) => void inspections.refreshAll(id));
    inspections.setInterval(2);
    const followed = await inspections.follow(4242, { host: DB1 });
    const now = () => inspections.get(followed?.key ?? '')?.snapshot;
    expect(now()?.sample?.host.name).toBe('target 1');
    fail.push(gone());
    made[0]?.lose('');
    await settled();
    await clock.advance(2500);
    expect(now()).toMatchObject({ state: 'live', problem: { code: 'host-lost' } });
    expect(now()?.sample?.host.name).toBe('target 1');
    await clock.advance(500);
    expect(now()).toMatchObject({ state: 'live', sample: { host: { name: 'target 2' } } });
    expect(now()?.problem).toBeUndefined();
  });
});
