import { describe, expect, it } from 'vitest';
import { programAndThread, programName } from '../../../src/explain/programName';

const both = (name: string, ...command: string[]) => programAndThread({ name, command });

describe('the name of a program', () => {
  it('is what the kernel calls it', () => {
    expect(both('server', './server', '-p', '80')).toBe('server');
    expect(both('bash', '-bash')).toBe('bash');
    expect(both('run.sh', '/bin/sh', './run.sh')).toBe('run.sh');
    expect(both('a-name-of-15-ch', '/opt/a-name-of-15-characters-and-more')).toBe('a-name-of-15-ch');
    expect(both('nginx', 'nginx: worker process')).toBe('nginx');
    expect(both('nginx', 'nginx: master process /usr/sbin/nginx -c /etc/c.conf')).toBe('nginx');
    expect(both('chrome', '/opt/chrome/chrome --type=renderer --other=/x/y')).toBe('chrome');
  });

  it('is that of the executable where the first thread has another one', () => {
    expect(both('MainThread', '/usr/bin/node', 'server.js')).toBe('node (MainThread)');
    expect(programName({ name: 'MainThread', command: ['node'] })).toBe('node');
    expect(both('', '/usr/bin/node')).toBe('node');
  });

  it('is never made of what a program wrote over its arguments', () => {
    for (const word of ['', '/', 'two words', 'a\nb', '\u001b[2J', '$(alert)', 'x'.repeat(100)])
      expect(both('MainThread', word)).toBe('MainThread');
    expect(both('MainThread')).toBe('MainThread');
  });
});
