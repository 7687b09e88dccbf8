import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseAliases, sshAliases } from '../../../src/target/sshAliases';

describe('the names in ~/.ssh/config', () => {
  let home = '';
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'inspect-ssh-'));
    mkdirSync(join(home, '.ssh/conf.d'), { recursive: true });
  });
  afterEach(() => rmSync(home, { recursive: true }));
  const write = (name: string, text: string) => writeFileSync(join(home, '.ssh', name), text);

  it('are those that stand for one host', () => {
    const text = [
      'Host db1 db2 *.internal !db3 -oX # not this',
      '  HostName 10.0.0.1',
      'host="web one" web2',
      'HOST\tcache',
      '# Host old',
      'HostName never',
      'Match host x',
      'Include conf.d/* ~/other',
    ].join('\n');
    expect(parseAliases(text)).toEqual({
      hosts: ['db1', 'db2', 'web2', 'cache'],
      includes: ['conf.d/*', '~/other'],
    });
  });

  it('include those of other files, each file once, in a circle too', async () => {
    write('config', 'Include conf.d/*.conf\nInclude missing\nHost last');
    write('conf.d/b.conf', 'Host b\nInclude config');
    write('conf.d/a.conf', `Host a\nInclude ${home}/.ssh/config`);
    write('conf.d/.hidden.conf', 'Host hidden');
    write('conf.d/other', 'Host other');
    expect(await sshAliases(home)).toEqual(['last', 'a', 'b']);
  });

  it('are none where there is no such file', async () => {
    expect(await sshAliases(join(home, 'nowhere'))).toEqual([]);
  });

  it('are read without end or error from anything', async () => {
    expect(
      parseAliases(`Host ${'"'.repeat(10_000)}\nHost\n=\n${' '.repeat(100_000)}Host x\u0000y`).hosts,
    ).toEqual([]);
  });
});
