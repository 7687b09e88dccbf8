import { describe, expect, it } from 'vitest';
import { Draft } from '../../../src/cli/draft';
import { EXIT, exitCode } from '../../../src/cli/exitCode';
import { type LookAt, lookAtSuspects } from '../../../src/cli/suspects';
import { UserError } from '../../../src/model/errors';
import type { ProcessSummary } from '../../../src/model/process';
import { healthy, stuck } from '../views/samples';

const row = (pid: number, score = 1): ProcessSummary => ({
  pid,
  score,
  name: 'server',
  command: ['server'],
  state: 'S',
  uninterruptible: 0,
  reason: '',
});

const gone = (pid: number) => new UserError('process-gone', `Process ${pid} has ended.`, 'It is gone.');

describe('looking at the most suspicious processes of a host', () => {
  it('takes the first ones with a score, and says what was found', async () => {
    const seen: number[] = [];
    const look: LookAt = async (pid) => {
      seen.push(pid);
      return pid === 1 ? stuck() : healthy();
    };
    const rows = await lookAtSuspects([1, 2, 3, 4].map((pid) => row(pid)).concat(row(5, 0)), look);
    expect(seen).toEqual([1, 2, 3]);
    expect(rows.map(({ pid }) => pid)).toEqual([1, 2, 3, 4, 5]);
    const [first, second, , fourth] = rows;
    expect(first).toMatchObject({ stuckFor: 31.2, findings: [{ severity: 'critical', stuck: 100 }] });
    expect(first?.findings?.[0]).not.toHaveProperty('evidence');
    expect([second?.findings, fourth?.findings]).toEqual([[], undefined]);
    expect((await lookAtSuspects([row(6, 0)], look))[0]).toEqual(row(6, 0));
  });

  it('looks at the next ones where some have ended, and leaves those out', async () => {
    const look: LookAt = async (pid) => {
      if (pid <= 3) throw gone(pid);
      return healthy();
    };
    const all = [1, 2, 3, 4, 5, 6, 7].map((pid) => row(pid));
    const rows = await lookAtSuspects(all, look);
    expect(rows.map(({ pid, findings }) => [pid, findings !== undefined])).toEqual([
      [4, true],
      [5, true],
      [6, true],
      [7, false],
    ]);
  });

  it('looks at no more than three at a time', async () => {
    let now = 0;
    let most = 0;
    const look: LookAt = async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve));
      now--;
      return healthy();
    };
    const rows = await lookAtSuspects(
      [1, 2, 3, 4, 5, 6, 7, 8].map((pid) => row(pid)),
      look,
      { most: 7 },
    );
    expect([most, rows.filter(({ findings }) => findings).length]).toEqual([3, 7]);
  });

  it('tells in its row of one that fails or never answers, and of the others what was found', async () => {
    let aborted = false;
    const look: LookAt = (pid, signal) => {
      if (pid === 1) return Promise.reject(new Error('a\u001b[2Jb'));
      if (pid === 3) return Promise.resolve(stuck());
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      return new Promise(() => {});
    };
    const rows = await lookAtSuspects([row(1), row(2), row(3)], look, { limit: 30 });
    expect(rows.map(({ failure }) => failure)).toEqual([
      'Process 1 could not be looked at. a\\x1b[2Jb',
      'Process 2 could not be looked at. It took longer than 0.03 s.',
      undefined,
    ]);
    expect([aborted, rows[2]?.findings?.length]).toEqual([true, 1]);
  });
});

it('the exit code tells whether one finding is as severe as asked, or the one asked for', () => {
  const findings = [
    { severity: 'info', tag: 'pending' },
    { severity: 'warning', tag: 'cq-overflow' },
  ] as const;
  expect(exitCode('warning', findings)).toBe(EXIT.finding);
  expect(exitCode('critical', findings)).toBe(EXIT.ok);
  expect(exitCode(undefined, findings)).toBe(EXIT.ok);
  expect(exitCode('cq-overflow', findings)).toBe(EXIT.finding);
  expect(exitCode('not-reaped', findings)).toBe(EXIT.ok);
});

describe('a draft', () => {
  const draw = (screen: { isTTY?: boolean; rows?: number }) => {
    let out = '';
    const draft = new Draft({ ...screen, write: (text) => (out += text) });
    draft.show('one\ntwo\n');
    draft.clear();
    draft.clear();
    return out;
  };

  it('is taken back line by line', () => {
    expect(draw({ isTTY: true, rows: 24 })).toBe('\u001b[?7lone\ntwo\n\u001b[?7h\u001b[2A\u001b[J');
  });

  it('is not written where nobody looks, or where it would scroll away', () => {
    expect(draw({})).toBe('');
    expect(draw({ isTTY: true, rows: 2 })).toBe('');
  });
});
