import { describe, expect, it } from 'vitest';
import { hostFrom } from '../../../src/inspect/hostId';
import { bySystemSsh } from '../../../src/inspect/systemSsh';

const words = (alias: string) => {
  const id = bySystemSsh({ kind: 'ssh', alias });
  return id.kind === 'command' ? id.command.slice(id.command.indexOf('ServerAliveCountMax=3') + 1) : [];
};

describe('a host by OpenSSH’s own client', () => {
  it.each([
    ['db1', ['--', 'db1']],
    ['deploy@db1', ['--', 'deploy@db1']],
    ['deploy@db1:2222', ['-p', '2222', '--', 'deploy@db1']],
    ['db1:2222', ['-p', '2222', '--', 'db1']],
    ['ssh://deploy@[::1]:2222', ['-p', '2222', '--', 'deploy@::1']],
  ])('%s', (alias, expected) => {
    expect(words(alias)).toEqual(expected);
  });

  it('asks nothing, keeps the wish for the rights of root, and can be remembered', () => {
    const id = bySystemSsh({ kind: 'ssh', alias: 'db1', sudo: true });
    expect(id).toMatchObject({ kind: 'command', label: 'ssh db1', sudo: true });
    expect(id.kind === 'command' && id.command).toContain('BatchMode=yes');
    expect(hostFrom(JSON.parse(JSON.stringify(id)))).toEqual(id);
  });
});
