import { describe, expect, it } from 'vitest';
import { readAttaching, readLaunching } from '../../../src/debug/configuration';
import { UserError } from '../../../src/model/errors';

function refusal(read: (given: unknown) => unknown, given: unknown): string {
  try {
    read(given);
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error(`accepted ${JSON.stringify(given)}`);
}

describe('the arguments of attach', () => {
  it('take a number, or the text of one as a picker gives it', () => {
    const here = { kind: 'process', host: { kind: 'local' }, sourceFileMap: {} };
    expect(readAttaching({ pid: 42 })).toEqual({ ...here, process: 42 });
    expect(readAttaching({ pid: ' 42 ' })).toEqual({ ...here, process: 42 });
    expect(
      readAttaching({ name: 'of the configuration', processName: 'server', interval: 0.5, pid: '' }),
    ).toEqual({
      ...here,
      process: 'server',
      interval: 0.5,
    });
  });

  it('take a host as --host does, and sudo', () => {
    expect(readAttaching({ pid: 1, host: 'db1' })).toMatchObject({ host: { kind: 'ssh', alias: 'db1' } });
    expect(readAttaching({ pid: 1, host: '.', sudo: true })).toMatchObject({
      host: { kind: 'local', sudo: true },
    });
    expect(readAttaching({ pid: 1, host: { label: 'web', command: ['kubectl', 'exec'] } })).toMatchObject({
      host: { kind: 'command', command: ['kubectl', 'exec'] },
    });
  });

  it('take a saved Sample and a map of the sources', () => {
    expect(readAttaching({ sample: '/tmp/x.json', sourceFileMap: { '/build': '/src' } })).toEqual({
      kind: 'sample',
      path: '/tmp/x.json',
      sourceFileMap: { '/build': '/src' },
    });
  });

  it.each([
    [undefined, 'no object'],
    [[], 'no object'],
    [{}, '“pid”, “processName” and “sample” are missing'],
    [{ pid: 1, processName: 'x' }, 'both “pid” and “processName”'],
    [{ pid: 0 }, 'whole number from 1'],
    [{ pid: 'four' }, '"four" is not a process number'],
    [{ pid: true }, 'neither a number nor the text of one'],
    [{ pid: {} }, 'neither a number nor the text of one'],
    [{ processName: 7 }, '“processName” is no text'],
    [{ pid: 1, host: '-oProxyCommand=x' }, '“host” cannot be one'],
    [{ pid: 1, host: 5 }, '“host” cannot be one'],
    [{ pid: 1, sudo: 'yes' }, 'neither true nor false'],
    [{ pid: 1, interval: 0 }, '“interval” is 0'],
    [{ pid: 1, interval: 'often' }, '“interval” is "often"'],
    [{ sample: 'a\0b' }, '“sample” is no text'],
  ])('%j: %s', (given, says) => {
    expect(refusal(readAttaching, given)).toContain(says);
  });
});

describe('the arguments of launch', () => {
  it('take a program with what it is given', () => {
    expect(
      readLaunching({ program: './a', args: ['-p', '80'], cwd: '/srv', env: { A: 'b', C: null } }),
    ).toEqual({
      host: { kind: 'local' },
      sourceFileMap: {},
      console: 'internalConsole',
      program: { program: './a', args: ['-p', '80'], cwd: '/srv', env: { A: 'b', C: null } },
    });
  });

  it.each([
    [{}, '“program” is missing'],
    [{ program: ['./a'] }, '“program” is no text'],
    [{ program: './a', args: '-p 80' }, '“args” is no list'],
    [{ program: './a', args: [80] }, '“args” is no list'],
    [{ program: './a', env: { A: 1 } }, 'no text for "A"'],
    [{ program: './a', env: { 'A=B': 'x' } }, 'no text for "A=B"'],
    [{ program: './a', env: [] }, '“env” is no object'],
    [{ program: './a', console: 'window' }, 'internalConsole, integratedTerminal, externalTerminal'],
    [{ program: './a', host: 'db1' }, 'Start it there yourself and attach'],
    [{ program: './a', sudo: true }, 'Start it there yourself and attach'],
  ])('%j: %s', (given, says) => {
    expect(refusal(readLaunching, given)).toContain(says);
  });
});
