import { describe, expect, it } from 'vitest';
import type { HostId } from '../../../src/inspect/hostId';
import type { HostState } from '../../../src/inspect/hostState';
import type { Inspected } from '../../../src/inspect/inspections';
import { answer, statusText } from '../../../src/views/answer';
import type { HostStates } from '../../../src/views/hostNodes';
import { hostRows, type KnownHosts } from '../../../src/views/hostRows';
import { outline } from '../../../src/views/node';
import { rootNodes } from '../../../src/views/nodes';
import { RecentHosts } from '../../../src/views/recentHosts';
import { below, children, everyId, labels } from './rows';
import { healthy, live, stuck } from './samples';

const DB1: HostId = { kind: 'ssh', alias: 'db1' };
const WEB: HostId = { kind: 'command', label: 'web', command: ['docker', 'exec', '-i', 'web'] };

function on(host: HostId, sample = stuck()): Inspected {
  return { ...live(sample), key: `process-${sample.process.pid} on ${JSON.stringify(host)}`, host };
}

function states(
  now: number,
  known: Readonly<Record<string, HostState>>,
  kept: readonly HostId[] = [],
): HostStates {
  return { kept, stateOf: (key) => known[key], now: () => now };
}

const LOST: HostState = { kind: 'lost', why: 'The server closed it.', since: 0, tries: 2, next: 15_000 };
const folded = (nodes: ReturnType<typeof rootNodes>) =>
  outline(nodes, ({ host }) => host !== undefined).split('\n');

describe('the tree of several hosts', () => {
  it('stays as it is while all is of this machine', () => {
    const here = { ...live(stuck()), host: { kind: 'local' } as const };
    expect(labels(rootNodes([here, live(healthy())])).every((label) => label.startsWith('server ('))).toBe(
      true,
    );
  });

  it('has a row for each host with its processes below, and what was opened at the end', () => {
    const saved: Inspected = { ...live(healthy()), key: 'sample-1', savedAs: '/tmp/a.json' };
    const here: Inspected = { ...live(healthy()), host: { kind: 'local' } };
    const roots = rootNodes(
      [on(DB1), saved, here, on(DB1, healthy())],
      states(0, { 'ssh:db1': { kind: 'connected' } }),
    );
    const lines = folded(roots).map((line) => line.replace(/(?<=\(\d+\)).*/, ''));
    expect(lines).toEqual([
      expect.stringMatching(/^db1 {2}Linux [\d.]+ · x86_64$|^db1 {2}\S+ · Linux/),
      '  server (4242)',
      '  server (4242)',
      expect.stringMatching(/^this machine/),
      '  server (4242)',
      'server (4242)',
      '',
    ]);
    expect(roots.map(({ context }) => context)).toEqual(['host.connected', 'host.idle', 'inspection.saved']);
    const ids = everyId(roots);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('keeps the row of a host that nothing is inspected on any more, with what can be done there', () => {
    const connected = states(0, { 'ssh:db1': { kind: 'connected' } }, [DB1]);
    const [row, ...others] = rootNodes([], connected);
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      label: 'db1',
      description: 'connected · nothing is inspected there',
      context: 'host.connected',
      host: 'ssh:db1',
    });
    expect(row?.children).toBeUndefined();
    const here: Inspected = { ...live(healthy()), host: { kind: 'local' } };
    expect(labels(rootNodes([here], connected))).toEqual(['db1', 'this machine']);
    expect(labels(rootNodes([here, on(DB1)], connected))).toEqual(['db1', 'this machine']);
    const lost = rootNodes([], states(12_000, { 'ssh:db1': LOST }, [DB1]));
    expect(lost[0]?.description).toBe('connection lost 12 s ago, trying again in 3 s');
    expect(rootNodes([], states(0, {}, [DB1]))[0]?.description).toMatch(/^not connected/);
  });

  it('says of a lost host since when, when it is tried again, and of what time the picture is', () => {
    const failure = { code: 'host-lost', what: 'db1 cannot be reached.', why: 'x', remedy: 'y' } as const;
    const one = on(DB1);
    const inspected: Inspected = { ...one, snapshot: { ...one.snapshot, problem: failure } };
    const [host] = rootNodes([inspected], states(12_000, { 'ssh:db1': LOST }));
    expect(host).toMatchObject({
      label: 'db1',
      description: 'connection lost 12 s ago, trying again in 3 s',
      context: 'host.lost',
    });
    const [process] = children(host);
    expect(process?.description).toMatch(/^100 requests stuck · 31 s · as of \d\d:\d\d:\d\d$/);
    expect(labels(children(process))).not.toContain('db1 cannot be reached.');
    expect(labels(children(process))[0]).toMatch(/^100 reads of/);
    expect(host?.tooltip?.()).toContain('The server closed it\\.');
  });

  it('says of one that needs the user what for', () => {
    const problem = {
      code: 'host-lost',
      what: 'x',
      why: 'Connecting again needs an answer from you.',
    } as const;
    const [host] = rootNodes([on(DB1)], states(60_000, { 'ssh:db1': { kind: 'failed', problem, since: 0 } }));
    expect(host?.description).toBe(
      'connection lost 60 s ago, not trying again: Connecting again needs an answer from you.',
    );
    expect(host?.context).toBe('host.failed');
  });

  it('shows a failing look of this machine below the process: it has no host’s row', () => {
    const failure = { code: 'host-lost', what: 'this machine cannot be reached.', why: 'x' } as const;
    const one: Inspected = { ...live(stuck()), host: { kind: 'local' } };
    const inspected: Inspected = { ...one, snapshot: { ...one.snapshot, problem: failure } };
    const [process] = rootNodes([inspected], states(0, { local: LOST }));
    expect(labels(children(process))[0]).toBe('this machine cannot be reached.');
  });

  it('makes what a host says of itself harmless', () => {
    const sample = healthy();
    const evil = { ...sample, host: { ...sample.host, name: 'a\u001b[2Jb\u202e', kernel: '6\n1' } };
    const [host] = rootNodes([on(DB1, evil)]);
    expect(host?.description).not.toMatch(/[\u001b\u202e\n]/);
    expect(host?.description).toContain('\\x1b');
  });

  it('names the host wherever a process stands outside of it', () => {
    const all = [on(WEB, healthy()), on(DB1)];
    expect(answer(all)).toMatch(/^server \(4242\) on db1: 100 reads/);
    const [first, second] = statusText(all)?.tooltip.split('\n') ?? [];
    expect(first).toMatch(/^server \(4242\) on db1 · 100 requests stuck/);
    expect(second).toMatch(/^server \(4242\) on web · /);
  });
});

describe('what is not visible', () => {
  const blind = (more: Partial<Inspected>, uid = 1000) => {
    const sample = stuck();
    const notVisible = [
      {
        what: 'kernel stacks',
        why: 'needs CAP_SYS_ADMIN',
        remedy: 'sudo',
        missing: 'CAP_SYS_ADMIN',
      } as const,
      { what: 'stacks', why: 'a rootless container', remedy: 'inspect it from the host, with sudo' },
    ];
    const inspected = { ...live({ ...sample, rights: { ...sample.rights, uid }, notVisible }), ...more };
    const [root] = rootNodes([inspected]);
    const process = root?.host === undefined ? root : children(root)[0];
    const rows = children(below(children(process), 'Not visible'));
    return rows.map((row) => children(row).map(({ sudo }) => sudo));
  };
  const key = live(stuck()).key;

  it('offers the rights that would show it, where they do', () => {
    expect(blind({ host: { kind: 'local' } })).toEqual([[undefined, key], [undefined]]);
    expect(blind({ host: DB1 })).toEqual([[undefined, key], [undefined]]);
  });

  it('offers none of a file, of root, or with sudo already', () => {
    expect(blind({ savedAs: 'x' })).toEqual([[undefined], [undefined]]);
    expect(blind({ host: { kind: 'local' } }, 0)).toEqual([[undefined], [undefined]]);
    expect(blind({ host: { kind: 'local', sudo: true } })).toEqual([[undefined], [undefined]]);
  });
});

describe('the picker of hosts', () => {
  const known: KnownHosts = { local: true, recent: [WEB], configured: [WEB, DB1], aliases: ['db1', 'db2'] };

  it('has each host once, those used before first', () => {
    expect(hostRows(known, '').map(({ label }) => label)).toEqual(['this machine', 'web', 'db1', 'db2']);
    expect(hostRows({ ...known, local: false }, '')[0]?.label).toBe('web');
  });

  it('takes what is typed as a host for ssh, unless it is in the list or can be none', () => {
    expect(hostRows(known, 'deploy@db9:22').at(-1)).toMatchObject({
      label: 'Connect to deploy@db9:22',
      alwaysShow: true,
      id: { kind: 'ssh', alias: 'deploy@db9:22' },
    });
    for (const typed of ['db1', '-oProxyCommand=x', '']) expect(hostRows(known, typed)).toHaveLength(4);
  });

  it('remembers ten hosts that are not this machine, the newest first', async () => {
    let stored: unknown;
    const recent = new RecentHosts({
      get: <T>() => stored as T,
      update: async (_key, value: unknown) => {
        stored = JSON.parse(JSON.stringify(value));
      },
    });
    await recent.add({ kind: 'local', sudo: true });
    for (let n = 0; n < 12; n++) await recent.add({ kind: 'ssh', alias: `db${n}` });
    await recent.add({ kind: 'ssh', alias: 'db5' });
    expect(recent.all).toHaveLength(10);
    expect(recent.all.slice(0, 2)).toEqual([
      { kind: 'ssh', alias: 'db5' },
      { kind: 'ssh', alias: 'db11' },
    ]);
    stored = [{ kind: 'ssh', alias: '-oX' }, 7];
    expect(recent.all).toEqual([]);
  });
});
