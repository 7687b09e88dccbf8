import { describe, expect, it } from 'vitest';
import { problemOf } from '../../../src/inspect/problem';
import { UserError } from '../../../src/model/errors';
import { notLinux } from '../../../src/target/probeErrors';
import { COMMANDS } from '../../../src/views/ids';
import { barePid, parsePid } from '../../../src/views/pid';
import { problemDetails, problemText, wayOut } from '../../../src/views/problem';
import { sampleFileName } from '../../../src/views/sampleFile';

describe('an error message', () => {
  it('says what happened, why, and what to do', () => {
    const error = new UserError(
      'no-such-process',
      'There is no process 7.',
      'It has ended.',
      'Pick another.',
    );
    const problem = problemOf(error, 'unused');
    expect(problemText(problem)).toBe('There is no process 7. It has ended. Pick another.');
    expect(wayOut(problem)?.command).toBe(COMMANDS.inspect);
  });

  it('offers another host where there is no io_uring, and another try where the way to one is gone', () => {
    expect(wayOut(problemOf(notLinux('darwin'), ''))).toEqual({
      title: 'Inspect on a Host…',
      command: COMMANDS.inspectOnHost,
    });
    const lost = new UserError('host-lost', 'db1 cannot be reached.', 'Lost.', 'Wait.');
    expect(wayOut(problemOf(lost, ''))?.command).toBe(COMMANDS.tryAgain);
  });

  it('shows no stack trace of an unexpected error', () => {
    const problem = problemOf(new TypeError('x is not a function'), 'The processes could not be listed.');
    expect(problem).toEqual({
      code: 'internal',
      what: 'The processes could not be listed.',
      why: 'x is not a function',
    });
    expect(problemDetails(problem, ['Editor: test'])).toBe(
      'Problem: The processes could not be listed.\nReason: x is not a function\nCode: internal\nEditor: test\n',
    );
  });

  it('makes no link of a hostile name', () => {
    const error = new UserError('zombie', '[open](command:evil)\n has ended.', 'It has.');
    expect(problemText(problemOf(error, ''))).not.toMatch(/\]\(|\n/);
  });
});

describe('a pid', () => {
  it('is a whole number from 1 to the kernel’s limit', () => {
    expect(parsePid(' 4242 ')).toBe(4242);
    expect(parsePid('4194304')).toBe(4_194_304);
    for (const text of ['', '0', '-1', '1e3', '4194305', 'abc', '12 13', '٣']) {
      expect(barePid(text)).toBeUndefined();
      expect(() => parsePid(text)).toThrow(expect.objectContaining({ code: 'bad-pid' }));
    }
  });
});

describe('the name of a saved sample', () => {
  it('says which process and when, and leaves no folder', () => {
    const of = (name: string) =>
      sampleFileName({ process: { pid: 4242, name, command: [] }, takenAt: '2026-11-22T20:00:00.000Z' });
    expect(of('server')).toBe('server-4242-2026-11-22T20-00-00.json');
    expect(of('../../etc/x\n')).toBe('etc_x_-4242-2026-11-22T20-00-00.json');
    expect(of('…')).toBe('process-4242-2026-11-22T20-00-00.json');
  });
});
