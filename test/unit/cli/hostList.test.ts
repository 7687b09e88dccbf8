import { describe, expect, it } from 'vitest';
import { type HostAnswer, type HostWork, inOrder, listHosts, ranked } from '../../../src/cli/hostList';
import { processTable } from '../../../src/explain/processTable';
import type { OpenHost } from '../../../src/inspect/host';
import type { HostId } from '../../../src/inspect/hostId';
import { UserError } from '../../../src/model/errors';
import type { ProcessSummary, RankedProcess } from '../../../src/model/process';
import type { Severity } from '../../../src/model/sample';
import type { Asker } from '../../../src/target/remoteHost';
import type { Target } from '../../../src/target/target';
import { asker, FakeTarget } from '../inspect/fakeHosts';

const ssh = (alias: string): HostId => ({ kind: 'ssh', alias });

function row(pid: number, score: number): ProcessSummary {
  return { pid, score, name: 'server', command: ['server'], state: 'S', uninterruptible: 0, reason: '' };
}

function finding(severity: Severity, stuck?: number, summary = `it is ${severity}`) {
  const told = { tag: 'x', severity, summary, explanation: '', remedy: '' };
  return stuck === undefined ? told : { ...told, stuck };
}

const ROWS: Readonly<Record<string, readonly ProcessSummary[]>> = {
  a: [row(1, 50), row(2, 1)],
  b: [row(1, 9e6), row(7, 1)],
};

const LISTS_A: HostWork = { list: async () => ROWS['a'] ?? [], look: async (_, rows) => rows };

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
  const previews: (readonly HostAnswer[])[] = [];
  const run = (
    names: readonly string[],
    limit?: number,
    look: HostWork['look'] = async (_, rows) => rows,
  ) => {
    const listed = (answers: readonly HostAnswer[]) => void previews.push(answers);
    return listHosts(names.map(ssh), open, asker('x'), { list, look, listed }, limit);
  };
  return { run, targets, previews };
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

  it('are ranked by what is found in them, and listed before that', async () => {
    const { run, targets, previews } = stage();
    const found = finding('critical', 8);
    const looked = await run(['a', 'b'], undefined, async ({ label }, rows) => {
      await new Promise((resolve) => setTimeout(resolve));
      expect(previews).toHaveLength(1);
      expect(targets.find(({ target }) => target.label === label)?.closed).toBe(false);
      return rows.map((one) => (label === 'a' && one.pid === 2 ? { ...one, findings: [found] } : one));
    });
    expect(ranked(previews[0] ?? []).map(({ host, pid }) => [host, pid])[0]).toEqual(['b', 1]);
    expect(ranked(looked).map(({ host, pid }) => [host, pid])).toEqual([
      ['a', 2],
      ['b', 1],
      ['a', 1],
      ['b', 7],
    ]);
    expect(targets.map(({ closed }) => closed)).toEqual([true, true]);
  });

  it('are listed however long they are looked at', async () => {
    const { run } = stage();
    const look: HostWork['look'] = async (_, rows) => {
      await new Promise((resolve) => setTimeout(resolve, 120));
      return rows;
    };
    expect((await run(['a'], 60, look))[0]?.rows).toHaveLength(2);
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
    const answers = await listHosts([ssh('a')], open, slowUser, LISTS_A, 60);
    expect(answers[0]?.rows).toHaveLength(2);
  });
});

describe('the order of what was found', () => {
  it('is by severity, number of requests, time, and then the list’s own', () => {
    const rows: RankedProcess[] = [
      row(1, 9e6),
      { ...row(2, 0.5), findings: [finding('info', 500)] },
      { ...row(3, 0.5), findings: [finding('warning', 90)] },
      { ...row(4, 0.5), findings: [finding('critical', 3), finding('warning', 70)], stuckFor: 9 },
      { ...row(5, 0.5), findings: [finding('critical', 3)], stuckFor: 10 },
      { ...row(6, 0.5), findings: [finding('critical', 3), finding('critical', 4)], stuckFor: 1 },
    ];
    expect(inOrder(rows).map(({ pid }) => pid)).toEqual([6, 5, 4, 3, 1, 2]);
  });
});

describe('the table of what was found', () => {
  const stuckRow = { ...row(1, 1), findings: [finding('critical', 8), finding('warning')] };
  const table = (one: RankedProcess, verbose = false) =>
    processTable([one], { color: false, width: 60, verbose }).split('\n').slice(2, -1);

  it('has the sentence below the process, and all of them where they are asked for', () => {
    expect(
      table({ ...stuckRow, findings: [finding('critical', 8, 'eight reads '.repeat(8).trim())] }),
    ).toEqual([
      '    STUCK   eight reads eight reads eight reads eight reads',
      '            eight reads eight reads eight reads eight reads',
    ]);
    expect(table(stuckRow)).toEqual(['    STUCK   it is critical']);
    expect(table(stuckRow, true)).toEqual(['    STUCK   it is critical', '    CHECK   it is warning']);
  });

  it('says why nothing is known, harmlessly', () => {
    expect(table({ ...row(1, 1), failure: 'Too slow\u001b[2J.' })).toEqual(['            Too slow\\x1b[2J.']);
  });
});

it('the table of this machine alone has no column for hosts', () => {
  expect(processTable([row(1, 1)], { color: false, width: 100 })).toMatch(/^ *PID/);
});
