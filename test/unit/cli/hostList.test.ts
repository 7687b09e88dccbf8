import { describe, expect, it } from 'vitest';
import { listHosts, ranked } from '../../../src/cli/hostList';
import { processTable } from '../../../src/explain/processTable';
import type { OpenHost } from '../../../src/inspect/host';
import type { HostId } from '../../../src/inspect/hostId';
import { UserError } from '../../../src/model/errors';
import type { ProcessSummary } from '../../../src/model/process';
import type { Asker } from '../../../src/target/remoteHost';
import type { Target } from '../../../src/target/target';
import { asker, FakeTarget } from '../inspect/fakeHosts';

const ssh = (alias: string): HostId => ({ kind: 'ssh', alias });

function row(pid: number, score: number): ProcessSummary {
  return { pid, score, name: 'server', command: ['server'], state: 'S', uninterruptible: 0, reason: '' };
}

const ROWS: Readonly<Record<string, readonly ProcessSummary[]>> = {
  a: [row(1, 50), row(2, 1)],
  b: [row(1, 9e6), row(7, 1)],
};

function stage(more: Readonly<Record<string, (who: Asker, signal: AbortSignal) => Promise<Target>>> = {}) {
  const targets: FakeTarget[] = [];
  const open: OpenHost = (id, who, signal) => {
    const name = id.kind === 'ssh' ? id.alias : '';
    const other = more[name];
    if (other) return other(who, signal);
    const fake = new FakeTarget(name);
    targets.push(fake);
    return Promise.resolve(fake.target);
  };
  const list = async (target: Target) => ROWS[target.label] ?? [];
  const run = (names: readonly string[], limit?: number) =>
    listHosts(names.map(ssh), open, asker('x'), list, limit);
  return { run, targets };
}

describe('the processes of several hosts', () => {
  it('stand in one list, the most stuck of all first, and every host is left', async () => {
    const { run, targets } = stage();
    const rows = ranked(await run(['a', 'b']));
    expect(rows.map(({ host, pid }) => [host, pid])).toEqual([
      ['b', 1],
      ['a', 1],
      ['a', 2],
      ['b', 7],
    ]);
    expect(targets.map(({ closed }) => closed)).toEqual([true, true]);
    const [header, first] = processTable(rows, { color: false, width: 100 }).split('\n');
    expect(header).toMatch(/^HOST +PID +RINGS/);
    expect(first).toMatch(/^b +1 /);
  });

  it('are told although a host fails, which is told in one line', async () => {
    const { run } = stage({
      bad: async () => {
        throw new UserError('host-unreachable', 'bad cannot be reached.', 'It said: a\nb\u001b[2J.', 'Look.');
      },
    });
    const answers = await run(['bad', 'b']);
    expect(answers[0]).toEqual({
      host: 'bad',
      failure: 'bad cannot be reached. It said: a\\x0ab\\x1b[2J.',
    });
    expect(ranked(answers).map(({ host }) => host)).toEqual(['b', 'b']);
  });

  it('are told although a host never answers, which is left as soon as it does', async () => {
    let arrive = (_: Target) => {};
    let aborted = false;
    const { run } = stage({
      slow: (_asker, signal) => {
        signal.addEventListener('abort', () => {
          aborted = true;
        });
        return new Promise((resolve) => {
          arrive = resolve;
        });
      },
    });
    const answers = await run(['slow', 'a'], 50);
    expect(answers[0]?.failure).toMatch(/did not answer within 0.05 s/);
    expect([ranked(answers).length, aborted]).toEqual([2, true]);
    const late = new FakeTarget('late');
    arrive(late.target);
    await new Promise((resolve) => setTimeout(resolve));
    expect(late.closed).toBe(true);
  });

  it('wait for the user as long as it takes to type a password', async () => {
    const slowUser: Asker = {
      secret: () => new Promise((resolve) => setTimeout(() => resolve('x'), 150)),
      confirm: async () => true,
    };
    const open: OpenHost = async (_id, who) => {
      await who.secret({ kind: 'password', text: '', again: false, hidden: true });
      return new FakeTarget('a').target;
    };
    const answers = await listHosts([ssh('a')], open, slowUser, async () => ROWS['a'] ?? [], 60);
    expect(answers[0]?.rows).toHaveLength(2);
  });
});

it('the table of this machine alone has no column for hosts', () => {
  expect(processTable([row(1, 1)], { color: false, width: 100 })).toMatch(/^ *PID/);
});
