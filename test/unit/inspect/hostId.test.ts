import { describe, expect, it } from 'vitest';
import { type HostId, hostFrom, hostKey, hostName, LOCAL } from '../../../src/inspect/hostId';

describe('the name of a host', () => {
  const web: HostId = { kind: 'command', label: 'web', command: ['docker', 'exec', '-i', 'web'] };

  it.each<[HostId, string, string]>([
    [LOCAL, 'local', 'this machine'],
    [{ kind: 'local', sudo: true }, 'sudo local', 'this machine (sudo)'],
    [{ kind: 'ssh', alias: 'db1' }, 'ssh:db1', 'db1'],
    [web, 'command:["docker","exec","-i","web"]', 'web'],
  ])('%j is %s, for people %s', (id, key, name) => {
    expect([hostKey(id), hostName(id)]).toEqual([key, name]);
  });

  it('tells words of a command apart that a space would join', () => {
    expect(hostKey({ ...web, command: ['a b', 'c'] })).not.toBe(hostKey({ ...web, command: ['a', 'b c'] }));
  });

  it.each(['db1', 'deploy@db1:2222', 'ssh://deploy@db1'])('%s is a host for ssh', (alias) => {
    expect(hostFrom(` ${alias} `)).toEqual({ kind: 'ssh', alias });
  });

  it('is read again from what was remembered', () => {
    for (const id of [{ kind: 'ssh', alias: 'db1', sudo: true }, web] as const)
      expect(hostFrom(JSON.parse(JSON.stringify(id)))).toEqual(id);
  });

  it('of a command without a label is the command', () => {
    expect(hostFrom({ command: ['podman', 'exec', '-i', 'web'] })).toMatchObject({
      label: 'podman exec -i web',
    });
  });

  it.each([
    ['-oProxyCommand=evil'],
    ['a b'],
    ['a\nb'],
    [''],
    [7],
    [null],
    [{ command: 'rm -rf /' }],
    [{ command: [] }],
    [{ command: [''] }],
    [{ command: ['a', 1] }],
    [{ alias: '-F/tmp/x' }],
    [{ kind: 'local' }],
  ])('is none: %j', (value) => {
    expect(hostFrom(value)).toBeUndefined();
  });
});
