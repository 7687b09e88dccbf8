import { readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Asker, Question, RemoteHost } from '../../src/target/remoteHost';
import type { SshOptions } from '../../src/target/ssh/connect';
import { skipUnless } from './support/rights';
import { run, Sshd, SshPlace } from './support/sshd';
import type { Running } from './support/victim';

async function place(context: Running, ...lines: readonly string[]): Promise<{ at: SshPlace; server: Sshd }> {
  skipUnless(context, 'sshd', 'ssh');
  const at = new SshPlace(context);
  return { at, server: await Sshd.start(at, context, 'server', lines) };
}

const PASSWORDS = ['PasswordAuthentication yes'];

function configOf({ at, server }: { at: SshPlace; server: Sshd }, ...more: readonly string[]): string {
  const known = at.path('.ssh/known_hosts');
  return [
    'Host db1',
    'HostName 127.0.0.1',
    `Port ${server.port}`,
    `User ${at.user.name}`,
    `UserKnownHostsFile ${known}`,
    'GlobalKnownHostsFile none',
    ...more,
  ].join('\n');
}

/** What a command says, and how it ended. */
async function output(host: RemoteHost, line: string, input = '') {
  const command = await host.run(line);
  const read = async (stream: NodeJS.ReadableStream) => {
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    return text;
  };
  command.input.end(input);
  const [out, errors, end] = await Promise.all([read(command.output), read(command.errors), command.ended]);
  return { out, errors, end };
}

describe('logging in', () => {
  it('with a key; commands have their three streams and their end', async (context) => {
    const here = await place(context);
    const host = await here.at.connect('db1', configOf(here, `IdentityFile ${here.at.key('k')}`));

    expect(host.label).toBe('db1 (ssh)');
    expect(await output(host, 'id -un; echo oops >&2; exit 7')).toEqual({
      out: `${here.at.user.name}\n`,
      errors: 'oops\n',
      end: { code: 7 },
    });
    expect(await output(host, 'kill -9 $$')).toMatchObject({ end: { signal: 'SIGKILL' } });
    const long = 'x'.repeat(3_000_000);
    expect((await output(host, 'cat', long)).out).toHaveLength(long.length);
    // Several at once.
    const many = await Promise.all([1, 2, 3, 4].map((number) => output(host, `echo ${number}`)));
    expect(many.map(({ out }) => out)).toEqual(['1\n', '2\n', '3\n', '4\n']);
    const sleeping = await host.run('exec sleep 100');
    sleeping.kill();
    await sleeping.ended;
    host.close();
    expect(await host.lost).toBe('It was closed.');
    await expect(host.run('true')).rejects.toMatchObject({ code: 'host-lost' });
  });

  it.for([
    ['rsa', '-t', 'rsa', '-b', '2048'],
    ['ecdsa', '-t', 'ecdsa'],
    ['rsa in PEM', '-t', 'rsa', '-b', '2048', '-m', 'PEM'],
    ['ecdsa in PEM', '-t', 'ecdsa', '-m', 'PEM'],
    ['rsa in PKCS#8', '-t', 'rsa', '-b', '2048', '-m', 'PKCS8'],
    ['ecdsa in PKCS#8', '-t', 'ecdsa', '-m', 'PKCS8'],
  ])('with a key of another kind, in the clear and with a passphrase: %s', async ([, ...args], context) => {
    const here = await place(context);
    const plain = here.at.key('plain', '', args);
    const host = await here.at.connect('db1', configOf(here, `IdentityFile ${plain}`));
    expect(await output(host, 'echo in')).toMatchObject({ out: 'in\n' });
    const locked = here.at.key('locked', 'let me in', args);
    const other = await here.at.connect('db1', configOf(here, `IdentityFile ${locked}`), ['let me in']);
    expect(await output(other, 'echo in')).toMatchObject({ out: 'in\n' });
  });

  it('a passphrase is asked for a key that the server takes, again where it was wrong', async (context) => {
    const here = await place(context);
    const useless = here.at.key('useless', 'other', undefined, false);
    const key = here.at.key('k', 'right');
    const config = configOf(here, `IdentityFile ${useless}`, `IdentityFile ${key}`);

    const host = await here.at.connect('db1', config, ['wrong', 'right']);

    expect(await output(host, 'echo in')).toMatchObject({ out: 'in\n' });
    const asked = here.at.questions.filter((question) => 'kind' in question);
    expect(asked).toMatchObject([
      { kind: 'passphrase', key: `ssh passphrase ${key}`, again: false, hidden: true },
      { kind: 'passphrase', again: true },
    ]);
    await expect(here.at.connect('db1', config, ['no-1', 'no-2', 'no-3'])).rejects.toMatchObject({
      code: 'not-authenticated',
      why: expect.stringContaining('its passphrase was wrong 3 times'),
      message: expect.not.stringMatching(/no-[123]/),
    });
  });

  it('with the agent: its keys, of them only the configured ones with IdentitiesOnly', async (context) => {
    const here = await place(context);
    const key = here.at.key('k');
    const others = [1, 2, 3, 4, 5, 6, 7].map((number) => here.at.key(`other${number}`, '', undefined, false));
    const socket = here.at.agent(...others, key);
    run('rm', [key]);

    // Seven keys that are not let in are more than the server's MaxAuthTries.
    const all = configOf(here, `IdentityAgent ${socket}`, 'IdentityFile /nowhere');
    await expect(here.at.connect('db1', all)).rejects.toMatchObject({
      code: 'not-authenticated',
      why: expect.stringMatching(/the agent's key other1, .*Too many authentication failures/),
    });
    for (const more of ['IdentitiesOnly yes', 'IdentitiesOnly no']) {
      const config = configOf(here, `IdentityAgent ${socket}`, `IdentityFile ${key}`, more);
      const host = await here.at.connect('db1', config);
      expect(await output(host, 'echo in')).toMatchObject({ out: 'in\n' });
    }
    here.at.env['SSH_AUTH_SOCK'] = socket;
    const none = configOf(here, 'IdentitiesOnly yes', 'IdentityFile /nowhere');
    await expect(here.at.connect('db1', none)).rejects.toMatchObject({
      why: expect.stringContaining('nothing to try'),
    });
  });

  it('with a password, which no error and no log repeats', async (context) => {
    const here = await place(context, ...PASSWORDS);
    const { at } = here;
    const host = await at.connect('db1', configOf(here), ['wrong-1', at.user.password]);
    expect(await output(host, 'echo in')).toMatchObject({ out: 'in\n' });
    expect(at.questions.filter((question) => 'kind' in question)).toMatchObject([
      { kind: 'password', key: `ssh password ${at.user.name}@127.0.0.1:${here.server.port}`, again: false },
      { kind: 'password', again: true, hidden: true, text: `Password of ${at.user.name} on db1` },
    ]);

    await expect(at.connect('db1', configOf(here), ['wrong-1', 'wrong-2', 'wrong-3'])).rejects.toMatchObject({
      code: 'not-authenticated',
      what: `${at.user.name}@db1 did not let you in.`,
      why: expect.stringMatching(/^Tried: .*a password \(3 times\)\. It accepts: publickey, password\./),
      message: expect.not.stringContaining('wrong-'),
    });
    await expect(at.connect('db1', configOf(here), [undefined])).rejects.toMatchObject({ code: 'cancelled' });
    expect(at.log.join('\n')).not.toContain('wrong-');
  });

  it('by answering a server’s questions', async (context) => {
    const here = await place(context, 'UsePAM yes', 'KbdInteractiveAuthentication yes');
    const { at } = here;
    const host = await at.connect('db1', configOf(here), ['wrong', at.user.password]);
    expect(await output(host, 'echo in')).toMatchObject({ out: 'in\n' });
    expect(at.questions.filter((question) => 'kind' in question)).toMatchObject([
      { kind: 'password', hidden: true, again: false },
      { kind: 'password', hidden: true, again: true },
    ]);
  });

  it('with a key and a password, where the server wants both', async (context) => {
    const here = await place(context, ...PASSWORDS, 'AuthenticationMethods publickey,password');
    const { at } = here;
    const config = configOf(here, `IdentityFile ${at.key('k')}`);
    const host = await at.connect('db1', config, [at.user.password]);
    expect(await output(host, 'echo in')).toMatchObject({ out: 'in\n' });
    await expect(at.connect('db1', config, ['x', 'y', 'z'])).rejects.toMatchObject({
      why: expect.stringMatching(/the key \S+k, \(that was accepted, but is not enough\), a password/),
    });
  });

  it('a server that hangs up while the user is asked about its key ends the question', async (context) => {
    const here = await place(context, 'LoginGraceTime 1');
    let over: AbortSignal | undefined;
    const confirm = (question: Question) => {
      over = question.over;
      return new Promise<never>(() => undefined);
    };
    const asker: Asker = { secret: async () => undefined, confirm };
    await expect(here.at.connect('db1', configOf(here), [], { asker })).rejects.toMatchObject({
      what: 'db1 cannot be reached.',
      why: 'It closed the connection while it waited for your answer (LoginGraceTime).',
    });
    expect(over?.aborted).toBe(true);
  });

  it('tells who asked whether an answer was right', async (context) => {
    const here = await place(context, ...PASSWORDS);
    const { at } = here;
    const rights: (Promise<boolean> | undefined)[] = [];
    const answering = (...answers: string[]): Partial<SshOptions> => ({
      asker: {
        secret: async ({ right }) => {
          rights.push(right);
          return answers.shift();
        },
        confirm: async () => true,
      },
    });
    await at.connect('db1', configOf(here), [], answering('wrong', at.user.password));
    const locked = at.key('k', 'right');
    await at.connect('db1', configOf(here, `IdentityFile ${locked}`), [], answering('no', 'right'));
    await expect(at.connect('db1', configOf(here), [], answering('a', 'b', 'c'))).rejects.toThrow();
    expect(await Promise.all(rights)).toEqual([false, true, false, true, false, false, false]);
  });

  it('in the order of PreferredAuthentications', async (context) => {
    const here = await place(context, ...PASSWORDS);
    const { at } = here;
    const config = configOf(
      here,
      `IdentityFile ${at.key('k')}`,
      'PreferredAuthentications password,publickey',
    );
    await at.connect('db1', config, [at.user.password]);
    expect(at.questions.filter((question) => 'kind' in question)).toMatchObject([{ kind: 'password' }]);
    const only = configOf(here, 'PreferredAuthentications gssapi-with-mic');
    await expect(at.connect('db1', only)).rejects.toMatchObject({ code: 'not-authenticated' });
  });

  it('a key that others may read is left out', async (context) => {
    const here = await place(context);
    const key = here.at.key('k');
    run('chmod', ['644', key]);
    await expect(here.at.connect('db1', configOf(here, `IdentityFile ${key}`))).rejects.toMatchObject({
      code: 'not-authenticated',
    });
    expect(here.at.log.join()).toContain(`The key ${key} is left out: others may read it`);
  });
});

describe('host keys', () => {
  it('an unknown one is asked for with its fingerprint, and known from then on', async (context) => {
    const here = await place(context);
    const { at, server } = here;
    run('rm', ['-r', at.path('.ssh')]);
    run('mkdir', [at.path('.ssh')]);
    const file = at.path('.ssh/deep/known');
    const config = configOf(here, `IdentityFile ${at.key('k')}`).replace(at.path('.ssh/known_hosts'), file);
    await expect(at.connect('db1', config, [], { trusts: false })).rejects.toMatchObject({
      code: 'cancelled',
    });
    expect(at.read('.ssh/deep/known')).toBe('');

    await at.connect('db1', config);
    await at.connect('db1', config);

    expect(at.questions).toHaveLength(2);
    expect(at.questions[1]).toMatchObject({
      text: `The identity of db1 ([127.0.0.1]:${server.port}) is not known. Connect?`,
      detail: expect.stringContaining(server.fingerprint()),
    });
    expect(readFileSync(file, 'utf8')).toBe(server.knownLine());
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(at.path('.ssh/deep')).mode & 0o777).toBe(0o700);
    // OpenSSH finds it, too.
    expect(run('ssh-keygen', ['-F', `[127.0.0.1]:${server.port}`, '-f', file])).toContain('ssh-ed25519');
  });

  it.for([
    ['yes', 'host-key', 0, false],
    ['accept-new', undefined, 0, true],
    ['no', undefined, 0, true],
  ] as const)(
    'an unknown one with StrictHostKeyChecking %s',
    async ([strict, code, asked, added], context) => {
      const here = await place(context);
      const config = configOf(here, `IdentityFile ${here.at.key('k')}`, `StrictHostKeyChecking ${strict}`);
      const error = await here.at.connect('db1', config).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (code === undefined) expect(error).toBeUndefined();
      else expect(error).toMatchObject({ code, why: expect.stringContaining(here.server.fingerprint()) });
      expect(here.at.questions).toHaveLength(asked);
      expect(here.at.knownHosts() !== '').toBe(added);
    },
  );

  it('a changed one is refused: which line has the other one, and how it is removed', async (context) => {
    const here = await place(context);
    const { at, server } = here;
    const other = readFileSync(`${at.key('other')}.pub`, 'utf8')
      .split(' ')
      .slice(0, 2)
      .join(' ');
    const name = `[127.0.0.1]:${server.port}`;
    const file = at.file('.ssh/known_hosts', `# mine\n${name} ${other}\n`);
    const config = configOf(here, `IdentityFile ${at.key('k')}`, 'StrictHostKeyChecking no');

    const error = await at.connect('db1', config).catch((reason: unknown) => reason);

    expect(error).toMatchObject({
      code: 'host-key',
      why: expect.stringContaining(`${file}:2`),
      remedy: expect.stringContaining(`ssh-keygen -f ${file} -R '${name}'`),
    });
    expect(at.questions).toEqual([]);
    // The remedy works.
    const command = /ssh-keygen -f .*$/.exec(String((error as { remedy?: string }).remedy))?.[0] ?? 'false';
    run('sh', ['-c', command]);
    await at.connect('db1', config);
    expect(at.knownHosts()).toContain(server.knownLine());
  });

  it('hashed, wildcard and aliased lines are found; a hashed one is written where that is configured', async (context) => {
    const here = await place(context);
    const { at, server } = here;
    const key = `IdentityFile ${at.key('k')}`;
    at.file('.ssh/known_hosts', server.knownLine());
    run('ssh-keygen', ['-H', '-f', at.path('.ssh/known_hosts')]);
    expect(at.knownHosts()).toMatch(/^\|1\|/);
    await at.connect('db1', configOf(here, key));
    at.file('.ssh/known_hosts', server.knownLine('!10.*,[127.0.0.?]:*'));
    await at.connect('db1', configOf(here, key));
    at.file('.ssh/known_hosts', server.knownLine('the-db'));
    await at.connect('db1', configOf(here, key, 'HostKeyAlias The-DB'));
    expect(at.questions).toEqual([]);

    at.file('.ssh/known_hosts', 'no end of line');
    await at.connect('db1', configOf(here, key, 'HashKnownHosts yes'));
    expect(at.knownHosts()).toMatch(/^no end of line\n\|1\|[^\s]+ ssh-ed25519 /);
    expect(
      run('ssh-keygen', ['-F', `[127.0.0.1]:${server.port}`, '-f', at.path('.ssh/known_hosts')]),
    ).not.toBe('');
  });

  it('a revoked one is refused, though another line knows it', async (context) => {
    const here = await place(context);
    const { at, server } = here;
    at.file('.ssh/known_hosts', `${server.knownLine()}@revoked * ${server.knownLine('x').slice(2)}`);
    await expect(at.connect('db1', configOf(here, `IdentityFile ${at.key('k')}`))).rejects.toMatchObject({
      code: 'host-key',
      why: expect.stringMatching(/is revoked: .*known_hosts:2\.$/),
    });
  });

  it('an authority proves nothing here, and that is said', async (context) => {
    const here = await place(context);
    const { at, server } = here;
    at.key('ca', '', undefined, false);
    run('ssh-keygen', ['-q', '-s', at.path('ca'), '-I', 'server', '-h', `${server.hostKey}.pub`]);
    at.file('.ssh/known_hosts', `@cert-authority * ${at.read('ca.pub')}`);
    const config = configOf(here, `IdentityFile ${at.key('k')}`);
    await at.connect('db1', config);
    expect(at.questions).toMatchObject([
      { detail: expect.stringContaining('host certificates cannot be checked here') },
    ]);
    at.file('.ssh/known_hosts', `@cert-authority * ${at.read('ca.pub')}`);
    await expect(at.connect('db1', `${config}\nStrictHostKeyChecking yes`)).rejects.toMatchObject({
      code: 'needs-ssh',
      why: expect.stringContaining('host certificates cannot be checked here'),
      remedy: expect.stringContaining('--command "ssh db1"'),
    });
    // Nor is what the user does not trust left without the way that works.
    await expect(at.connect('db1', config, [], { trusts: false })).rejects.toMatchObject({
      code: 'needs-ssh',
      why: expect.stringMatching(/^You declined\. An authority is trusted to vouch for it/),
    });
  });

  it('an unknown one is asked for once, however often keys are exchanged', async (context) => {
    const here = await place(context, 'RekeyLimit 100K');
    const { at } = here;
    const config = configOf(here, `IdentityFile ${at.key('k')}`, 'UserKnownHostsFile none').replace(
      /^UserK.*known_hosts$/m,
      '',
    );
    const host = await at.connect('db1', config);
    const { out } = await output(host, 'cat; cat /proc/$PPID/comm', 'x'.repeat(2_000_000));
    expect(out).toHaveLength(2_000_000 + 'sshd\n'.length);
    expect(at.questions).toMatchObject([{ detail: expect.stringContaining('It will not be remembered.') }]);
    expect(at.knownHosts()).toBe('');
  });

  it('of several keys of a host that one is asked for which is known', async (context) => {
    const here = await place(context, `HostKey ${'/nowhere'}`);
    const { at } = here;
    run('ssh-keygen', ['-q', '-t', 'rsa', '-b', '2048', '-N', '', '-f', at.path('rsa')]);
    const server = await Sshd.start(at, context, 'two', [`HostKey ${at.path('rsa')}`]);
    const [type, key] = at.read('rsa.pub').split(' ');
    at.file('.ssh/known_hosts', `[127.0.0.1]:${server.port} ${type} ${key}\n`);
    await at.connect('db1', configOf({ at, server }, `IdentityFile ${at.key('k')}`));
    expect(at.questions).toEqual([]);
  });
});
