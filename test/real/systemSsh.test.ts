import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCommand } from '../../src/target/remote/command';
import { openRemote } from '../../src/target/remote/openRemote';
import { actor } from './support/actor';
import { inspect, run, sampleFrom } from './support/inspect';
import { testProbe } from './support/probe';
import { CHECKOUT } from './support/programs';
import { skipUnless } from './support/rights';
import { run as runHere, Sshd, SshPlace } from './support/sshd';
import { shellWord, TerminalSession } from './support/terminal';
import { type Running, startVictim } from './support/victim';

/** A server, and a client with what it needs to reach it under the name db1. */
interface Stage {
  readonly at: SshPlace;
  readonly server: Sshd;
  /** The client's configuration. */
  config(...more: readonly string[]): string;
}

/** `prepare` makes what the server's lines name: the folder is there, the server is not. */
async function open(
  running: Running,
  prepare: (at: SshPlace) => readonly string[] = () => [],
  known = true,
): Promise<Stage> {
  skipUnless(running, 'sshd', 'ssh');
  const at = new SshPlace(running);
  const server = await Sshd.start(at, running, 'server', prepare(at));
  if (known) at.file('.ssh/known_hosts', server.knownLine());
  const config = (...more: readonly string[]) =>
    [
      'Host db1',
      'HostName 127.0.0.1',
      `Port ${server.port}`,
      `User ${at.user.name}`,
      `UserKnownHostsFile ${at.path('.ssh/known_hosts')}`,
      'GlobalKnownHostsFile none',
      ...more,
    ].join('\n');
  return { at, server, config };
}

/** The words that lead to db1 by OpenSSH's own client, which takes no home from the environment. */
function ssh({ at }: Stage, config: string, ...options: readonly string[]): string[] {
  return ['ssh', '-F', at.file('config', config), ...options, 'db1'];
}

/** Starts the probe there through ssh, and leaves. */
async function reached(words: readonly string[]): Promise<void> {
  const probe = await testProbe();
  const probes = (arch?: string) => (arch === 'x64' ? probe : join(CHECKOUT, 'none'));
  const host = openCommand(words, 'ssh db1');
  try {
    const target = await openRemote(host, { probes });
    target.dispose();
  } finally {
    host.close();
  }
}

const BATCH = ['-o', 'BatchMode=yes'];

/** The server has a certificate by an authority, which is all that the client knows. */
function certified(at: SshPlace): readonly string[] {
  at.key('ca', '', undefined, false);
  const key = at.key('server', '', undefined, false);
  runHere('ssh-keygen', ['-q', '-s', at.path('ca'), '-I', 'db1', '-h', '-n', '127.0.0.1', `${key}.pub`]);
  at.file('.ssh/known_hosts', `@cert-authority [127.0.0.1]:* ${at.read('ca.pub')}`);
  return [`HostCertificate ${key}-cert.pub`];
}

/** The server takes the certificate of the key `u`, and not the key alone. */
function userCertificate(at: SshPlace): readonly string[] {
  at.key('users', '', undefined, false);
  const key = at.key('u', '', undefined, false);
  runHere('ssh-keygen', ['-q', '-s', at.path('users'), '-I', 'u', '-n', at.user.name, `${key}.pub`]);
  return [`TrustedUserCAKeys ${at.path('users.pub')}`];
}

describe('what OpenSSH’s own client does, and this one does not', () => {
  it('a host certificate: the way is named, and leads there', async (context) => {
    skipUnless(context, 'ioUring');
    const stage = await open(context, certified, false);
    const config = stage.config(`IdentityFile ${stage.at.key('k')}`, 'StrictHostKeyChecking yes');
    await expect(stage.at.connect('db1', config)).rejects.toMatchObject({
      code: 'needs-ssh',
      why: expect.stringContaining('An authority is trusted to vouch for it'),
      remedy: expect.stringContaining('--command "ssh db1"'),
    });
    expect(stage.at.questions).toEqual([]);

    const victim = await startVictim(context, actor('root'), 'ring_victim', ['fifo-open']);
    const command = ssh(stage, config, ...BATCH).join(' ');
    const remote = await run(actor('root'), '--command', command, String(victim.pid));

    expect([remote.code, remote.stdout]).toEqual([4, expect.stringContaining(`(${victim.pid})`)]);
    expect(remote.stderr).toContain('Run it with --sudo.');
    // Another authority's word is not taken.
    stage.at.file('.ssh/known_hosts', `@cert-authority * ${stage.at.read('k.pub')}`);
    await expect(reached(ssh(stage, config, ...BATCH))).rejects.toMatchObject({ code: 'host-key' });
  });

  it('a certificate of the user, in a file or in the agent', async (context) => {
    const stage = await open(context, userCertificate);
    const { at } = stage;
    const inFile = stage.config(`IdentityFile ${at.path('u')}`);
    await expect(at.connect('db1', inFile)).rejects.toMatchObject({
      code: 'needs-ssh',
      why: expect.stringContaining(`The certificate ${at.path('u')}-cert.pub cannot be used here.`),
    });
    const named = stage.config('IdentityFile none', `CertificateFile ${at.path('u')}-cert.pub`);
    await expect(at.connect('db1', named)).rejects.toMatchObject({ code: 'needs-ssh' });
    const inAgent = stage.config('IdentityFile none', `IdentityAgent ${at.agent(at.path('u'))}`);
    await expect(at.connect('db1', inAgent)).rejects.toMatchObject({
      code: 'needs-ssh',
      why: expect.stringContaining('The agent has a certificate, which cannot be used here.'),
    });
    await reached(ssh(stage, inFile, ...BATCH));
  });

  it('a FIDO key: said where the user declines the password, too', async (context) => {
    const stage = await open(context, () => ['PasswordAuthentication yes']);
    const type = 'sk-ssh-ed25519@openssh.com';
    const parts = [type, 'x'.repeat(32), 'ssh:'].map((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return Buffer.concat([length, Buffer.from(part)]);
    });
    const key = stage.at.path('id_sk');
    stage.at.file('id_sk.pub', `${type} ${Buffer.concat(parts).toString('base64')} token\n`);
    const config = stage.config(`IdentityFile ${key}`);
    await expect(stage.at.connect('db1', config, [undefined])).rejects.toMatchObject({
      code: 'needs-ssh',
      why: `You declined. The key ${key} is a FIDO key, which cannot be used here.`,
    });
  });

  it('a ticket of Kerberos, where the server takes one', async (context) => {
    const stage = await open(context, () => ['GSSAPIAuthentication yes']);
    const offered = spawnSync('ssh', [...ssh(stage, stage.config(), ...BATCH).slice(1), 'true'], {
      encoding: 'utf8',
    });
    if (!offered.stderr.includes('gssapi-with-mic')) context.skip('needs an sshd that was built with GSSAPI');
    const why = { why: expect.stringContaining('It takes tickets of Kerberos (GSSAPI)') };
    const refusal = { code: 'needs-ssh', ...why };
    const config = stage.config('IdentityFile none', 'GSSAPIAuthentication yes');
    await expect(stage.at.connect('db1', config)).rejects.toMatchObject(refusal);
    const off = stage.config('IdentityFile none', 'GSSAPIAuthentication no');
    await expect(stage.at.connect('db1', off)).rejects.toMatchObject({ code: 'not-authenticated' });
  });

  it('what of the configuration was left out is told where connecting fails, a changed key stays one', async (context) => {
    const stage = await open(context);
    const exec = `Match exec "true"\nIdentityFile ${stage.at.key('k')}\nMatch all\nCanonicalizeHostname yes`;
    const config = `${stage.config('IdentityFile none')}\n${exec}`;
    await expect(stage.at.connect('db1', config)).rejects.toMatchObject({
      code: 'needs-ssh',
      why: expect.stringMatching(
        /commands of "Match exec" are not run.* CanonicalizeHostname is not followed/,
      ),
    });
    await reached(
      ssh(stage, config.replace('IdentityFile none', '').replace('CanonicalizeHostname yes', ''), ...BATCH),
    );
    const gone = config.replace(/Port \d+/, 'Port 1');
    await expect(stage.at.connect('db1', gone)).rejects.toMatchObject({
      code: 'host-unreachable',
      remedy: expect.stringContaining('--command "ssh db1"'),
    });
    stage.at.file(
      '.ssh/known_hosts',
      stage.server.knownLine().replace(/ AAAA\S+/, ` ${stage.at.read('k.pub').split(' ')[1]}`),
    );
    await expect(stage.at.connect('db1', config)).rejects.toMatchObject({
      code: 'host-key',
      remedy: expect.stringContaining('ssh-keygen -f'),
    });
  });
});

describe('OpenSSH’s own client as the command of a host', () => {
  it('says of a stuck process what is said on the host, also behind another command', async (context) => {
    skipUnless(context, 'ioUring');
    const stage = await open(context);
    const uid = Number(runHere('id', ['-u', stage.at.user.name]));
    const there = { ...actor('an ordinary user'), uid, gid: uid };
    const victim = await startVictim(context, there, 'ring_victim', ['fifo-open']);
    const words = ssh(stage, stage.config(`IdentityFile ${stage.at.key('k')}`), ...BATCH);
    for (const command of [words, [...words, 'env', 'A=b']]) {
      const remote = sampleFrom(
        await run(actor('root'), '--command', command.join(' '), String(victim.pid), '--json'),
      );
      expect(remote.rights.uid).toBe(uid);
      expect(remote.requests.length).toBe((await inspect(there, victim.pid)).requests.length);
    }
  });

  it('is told apart by why it does not get there', async (context) => {
    const stage = await open(context, undefined, false);
    const config = stage.config(`IdentityFile ${stage.at.key('k')}`);
    const unknown = reached(ssh(stage, config, ...BATCH));
    await expect(unknown).rejects.toMatchObject({
      code: 'host-key',
      why: expect.stringContaining('does not trust'),
    });
    stage.at.file('.ssh/known_hosts', stage.server.knownLine());
    const none = config.replace(/IdentityFile .*/, 'IdentityFile none');
    await expect(reached(ssh(stage, none, ...BATCH))).rejects.toMatchObject({ code: 'not-authenticated' });
    for (const [from, to] of [
      [/Port \d+/, 'Port 1'],
      ['127.0.0.1', 'nowhere.invalid'],
    ] as const)
      await expect(reached(ssh(stage, config.replace(from, to), ...BATCH))).rejects.toMatchObject({
        code: 'host-unreachable',
      });
  });

  it('asks on the terminal by itself', async (context) => {
    const stage = await open(context, () => ['PasswordAuthentication yes'], false);
    const words = ssh(stage, stage.config('IdentityFile none'));
    const { node, cli } = actor('root');
    const command = [node, cli, '--all', '--command', words.join(' ')].map(shellWord).join(' ');
    const session = new TerminalSession(context, command);
    await session.sees('(yes/no');
    session.type('yes');
    await session.sees(/password: $/);
    session.type(stage.at.user.password);
    await session.ended;
    expect(session.shown).toMatch(/^ssh -F \S+ +1 /m);
    expect(session.shown).not.toContain(stage.at.user.password);
  });
});
