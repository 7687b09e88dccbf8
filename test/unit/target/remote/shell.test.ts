import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { quote, SCRIPT_READER, scriptInput } from '../../../../src/target/remote/shell';

const run = (script: string, rest = '') =>
  spawnSync('sh', ['-c', SCRIPT_READER], { input: scriptInput(script) + rest, encoding: 'utf8' });

describe('a script that is read from stdin', () => {
  it.skipIf(process.platform === 'win32')('has hostile words as they are', () => {
    const words = [
      '',
      "it's",
      "'; exit 7; '",
      '$(exit 7)`exit 7`',
      '\\',
      'a\nb',
      '\n#END\nexit 7\n',
      '-n',
      '!',
      '*',
      '~',
      '"$n"',
      ' a  b\t',
      '\u00fc\u{1f600}',
    ];
    for (const word of words) {
      const { stdout, stderr, status } = run(`printf %s. ${quote(word)}`);
      expect([stdout, stderr, status]).toEqual([`${word}.`, '', 0]);
    }
  });

  it.skipIf(process.platform === 'win32')('takes nothing of what follows it', () => {
    expect(run('cat', '#END\n\0 bytes').stdout).toBe('#END\n\0 bytes');
  });

  it.skipIf(process.platform === 'win32')('is not run when its end is cut off', () => {
    const input = scriptInput('echo one\necho two');
    for (const length of [0, 5, input.length - 6, input.length - 1]) {
      const { stdout } = spawnSync('sh', ['-c', SCRIPT_READER], {
        input: input.slice(0, length),
        encoding: 'utf8',
      });
      expect(stdout).toBe('');
    }
  });

  it.skipIf(process.platform === 'win32')('ends with the status of its last command', () => {
    expect(run('exit 3').status).toBe(3);
    expect(run('false').status).toBe(1);
  });

  it('is started by a line that no login shell changes', () => {
    expect(SCRIPT_READER).not.toMatch(/[!\n]|\\'/);
  });

  it('cannot hold NUL', () => {
    expect(() => quote('a\0b')).toThrow(TypeError);
  });
});
