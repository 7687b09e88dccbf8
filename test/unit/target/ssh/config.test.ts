import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../../../src/model/errors';
import { configuredHosts, resolveHost, type SshSurroundings } from '../../../../src/target/ssh/config';
import { loadLibrary } from '../../../../src/target/ssh/loadLibrary';
import { routeTo } from '../../../../src/target/ssh/route';

/** A user's machine that has these files. */
function machine(files: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}): SshSurroundings {
  return {
    home: '/home/u',
    localUser: 'u',
    localHost: 'desk.example.org',
    env,
    platform: 'linux',
    configs: [
      { path: '/home/u/.ssh/config', folder: '/home/u/.ssh' },
      { path: '/etc/ssh/ssh_config', folder: '/etc/ssh' },
    ],
    files: {
      read: async (path) => files[path],
      list: async (folder) =>
        Object.keys(files)
          .filter((path) => path.startsWith(`${folder}/`))
          .map((path) => path.slice(folder.length + 1).split('/')[0] ?? ''),
    },
  };
}

const resolve = async (config: string, alias = 'db1', env: NodeJS.ProcessEnv = {}) =>
  resolveHost(alias, machine({ '/home/u/.ssh/config': config }, env), await loadLibrary());

describe('resolveHost', () => {
  it('takes the usual where nothing is configured', async () => {
    expect(await resolve('')).toMatchObject({
      hostname: 'db1',
      port: 22,
      user: 'u',
      identitiesOnly: false,
      certificateFiles: [],
      gssapi: false,
      jumps: [],
      strictHostKeyChecking: 'ask',
      methods: ['publickey', 'keyboard-interactive', 'password'],
      userKnownHostsFiles: ['/home/u/.ssh/known_hosts', '/home/u/.ssh/known_hosts2'],
      notes: [],
    });
  });

  it('replaces tokens, variables and ~', async () => {
    const options = await resolve(
      [
        'HostName %h.org',
        'Port 7',
        'User r',
        'IdentityFile ~/.ssh/%n-%r@%h:%p',
        'IdentityFile %d/%u/%L/%l/%%',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: as ssh_config writes it
        'IdentityFile ${KEYS}/${UNSET}/%x',
        'UserKnownHostsFile ~/known-%k /k',
        'HostKeyAlias al',
        'ProxyCommand exec way --to %h:%p --as %r "%n" %%',
      ].join('\n'),
      'db1',
      { KEYS: '/keys' },
    );
    expect(options.identityFiles).toEqual([
      '/home/u/.ssh/db1-r@db1.org:7',
      '/home/u/u/desk/desk.example.org/%',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it stays
      '/keys/${UNSET}/%x',
    ]);
    expect(options.userKnownHostsFiles).toEqual(['/home/u/known-al', '/k']);
    expect(options.proxyCommand).toBe('way --to db1.org:7 --as r "db1" %');
  });

  it.each([
    ['', { SSH_AUTH_SOCK: '/a' }, '/a'],
    ['', {}, undefined],
    ['IdentityAgent none', { SSH_AUTH_SOCK: '/a' }, undefined],
    ['IdentityAgent SSH_AUTH_SOCK', { SSH_AUTH_SOCK: '/a' }, '/a'],
    ['IdentityAgent $MINE', { SSH_AUTH_SOCK: '/a', MINE: '/m' }, '/m'],
    ['IdentityAgent "~/x y/%u.sock"', {}, '/home/u/x y/u.sock'],
  ])('%j with %j: the agent at %j', async (config, env, agent) => {
    expect((await resolve(config, 'db1', env)).agent).toBe(agent);
  });

  it('on Windows the agent is at its pipe', async () => {
    const around = { ...machine({}), platform: 'win32' as const };
    const { agent } = await resolveHost('db1', around, await loadLibrary());
    expect(agent).toBe('\\\\.\\pipe\\openssh-ssh-agent');
  });

  it('methods are those that are preferred, known and not switched off', async () => {
    const config = 'PreferredAuthentications password,hostbased,publickey,password\nPubkeyAuthentication no';
    expect((await resolve(config)).methods).toEqual(['password']);
  });

  it('does not run the commands of Match exec, and says so', async () => {
    const options = await resolve(
      'Match exec "touch /tmp/never"\nPort 1\nMatch !exec false\nPort 2\nMatch localnetwork x\nPort 3\nMatch all\nPort 4',
    );
    expect(options.port).toBe(4);
    expect(options.notes).toEqual([
      '/home/u/.ssh/config: commands of "Match exec" are not run; what stands below it was left out.',
      '/home/u/.ssh/config: "Match localnetwork" is not known here; what stands below it was left out.',
    ]);
  });

  it('the user’s file comes before the machine’s, each Include is relative to its own folder', async () => {
    const around = machine({
      '/home/u/.ssh/config': 'Include mine.d/*\nUser mine',
      '/home/u/.ssh/mine.d/a': 'Port 1',
      '/etc/ssh/ssh_config': 'Include theirs.d/*.conf\nUser theirs',
      '/etc/ssh/theirs.d/b.conf': 'Port 2\nHashKnownHosts yes',
    });
    expect(await resolveHost('db1', around, await loadLibrary())).toMatchObject({
      user: 'mine',
      port: 1,
      hashKnownHosts: true,
    });
  });

  it.each([
    ['Include config', /more than 16 files deep/],
    ['Host "a', /config cannot be understood/],
    ['Port 0', /is no port/],
    ['User "a;b"', /characters that no name has/],
    ['HostName -oProxyCommand=x', /characters that no name has/],
    ['Match host\nPort 1', /config cannot be understood/],
  ])('refuses %j in a sentence', async (config, words) => {
    const error: unknown = await resolve(config).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ code: 'host-config', message: expect.stringMatching(words) });
  });

  it('whatever a file says: options or a UserError', async () => {
    const word = fc.constantFrom(
      'Host',
      'Match',
      'Include',
      '=',
      '"',
      "'",
      '#',
      '\\',
      '\n',
      '\r',
      ' ',
      'a',
      '%',
      '!',
      '${',
      '*',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(word, { maxLength: 30 }).map((words) => words.join('')),
    );
    await fc.assert(
      fc.asyncProperty(text, async (config) => {
        const error: unknown = await resolve(config).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error !== undefined) expect(error).toBeInstanceOf(UserError);
      }),
      { numRuns: 500 },
    );
  });
});

describe('ways and names', () => {
  it('each jump host is what its own lines say, the first with its own way', async () => {
    const config =
      'Host db1\nProxyJump a,x@b:7\nHost a\nProxyJump c\nHost b\nUser no\nPort 1\nProxyJump never\nHost c\nHostName c.org';
    const route = await routeTo('db1', machine({ '/home/u/.ssh/config': config }), await loadLibrary());
    expect(route.map(({ hostname, user, port }) => `${user}@${hostname}:${port}`)).toEqual([
      'u@c.org:22',
      'u@a:22',
      'x@b:7',
      'u@db1:22',
    ]);
  });

  it('names without patterns are there to choose from, also included ones', async () => {
    const around = machine({
      '/home/u/.ssh/config': 'Host a b* !c d\nInclude more\nMatch host x\nHost a "e f"',
      '/home/u/.ssh/more': 'Host g',
    });
    expect(await configuredHosts(around, await loadLibrary())).toEqual(['a', 'd', 'g', 'e f']);
  });
});
