import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Question, RemoteHost } from '../../src/target/remoteHost';
import { FaultyProxy } from './support/faultyProxy';
import { until } from './support/proc';
import { toRelease } from './support/releases';
import { skipUnless } from './support/rights';
import { freePort, Sshd, SshPlace } from './support/sshd';
import type { Running } from './support/victim';

async function place(context: Running, ...lines: readonly string[]): Promise<{ at: SshPlace; server: Sshd }> {
  skipUnless(context, 'sshd', 'ssh');
  const at = new SshPlace(context);
  return { at, server: await Sshd.start(at, context, 'server', lines) };
}

/** What holds for every host of a test: all keys are taken, and nothing of the machine's own files. */
function common(at: SshPlace, ...more: readonly string[]): string {
  const lines = [
    'Host *',
    'HostName 127.0.0.1',
    `User ${at.user.name}`,
    `IdentityFile ${at.path('k')}`,
    `UserKnownHostsFile ${at.path('.ssh/known_hosts')}`,
    'GlobalKnownHostsFile none',
    'StrictHostKeyChecking accept-new',
  ];
  return [...more, ...lines, ''].join('\n');
}

async function says(host: RemoteHost, line: string): Promise<string> {
  const command = await host.run(line);
  let text = '';
  for await (const chunk of command.output) text += String(chunk);
  await command.ended;
  return text;
}

/** Milliseconds until a promise settles, and what it settles with. */
async function timed(work: Promise<unknown>): Promise<{ took: number; error: unknown }> {
  const from = Date.now();
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { took: Date.now() - from, error };
}

describe('ways to a host', () => {
  it('jump hosts, one behind the other, each with its own key and name', async (context) => {
    const { at, server } = await place(context);
    const [one, two] = [await Sshd.start(at, context, 'one'), await Sshd.start(at, context, 'two')];
    at.key('k');
    const config = common(
      at,
      `Host db1\nPort ${server.port}\nProxyJump j1,${at.user.name}@j2\n`,
      `Host j1\nPort ${one.port}\n`,
      `Host j2\nPort ${two.port}\nProxyJump never\n`,
    );

    const host = await at.connect('db1', config);

    expect(await says(host, 'echo $SSH_CONNECTION | cut -d" " -f4')).toBe(`${server.port}\n`);
    const ports = at.knownHosts().match(/(?<=\]:)\d+/g);
    expect(ports?.map(Number)).toEqual([one.port, two.port, server.port]);
    one.kill();
    expect(await host.lost).toMatch(/^The jump host j1: The connection was (closed|reset)\.$/);
    await expect(host.run('true')).rejects.toMatchObject({ code: 'host-lost' });
  });

  it('a jump host that does not lead on, or is not there', async (context) => {
    const { at, server } = await place(context, 'AllowTcpForwarding no');
    at.key('k');
    const config = common(
      at,
      `Host j\nPort ${server.port}\n`,
      `Host db1\nPort 1\nProxyJump j\n`,
      `Host db2\nProxyJump gone\nHost gone\nPort ${await freePort()}\n`,
      'Host a\nPort 1\nProxyJump b\nHost b\nPort 2\nProxyJump a\n',
    );
    await expect(at.connect('db1', config)).rejects.toMatchObject({
      code: 'host-unreachable',
      why: expect.stringMatching(
        /^The jump host j does not lead there: it does not allow it \(AllowTcpForwarding/,
      ),
    });
    await expect(at.connect('db2', config)).rejects.toMatchObject({
      what: 'gone cannot be reached.',
      why: expect.stringMatching(/^Nothing listens at 127\.0\.0\.1, port \d+\.$/),
    });
    await expect(at.connect('a', config)).rejects.toMatchObject({ code: 'host-config' });
  });

  it('a jump host of everything is reached without itself', async (context) => {
    const { at, server } = await place(context);
    at.key('k');
    const config = common(at, `Match all\nPort ${server.port}\nProxyJump j\n`);
    expect(await says(await at.connect('j', config), 'echo in')).toBe('in\n');
  });

  it.for(['nc', 'ssh'] as const)('a ProxyCommand: %s', async (program, context) => {
    if (program === 'nc') skipUnless(context, 'netcat');
    const { at, server } = await place(context);
    at.key('k');
    const jump = `-W %h:%p -o ProxyCommand=none -p ${server.port} localhost 2>/dev/null`;
    const command = program === 'nc' ? 'nc %h %p' : `ssh -F ${at.path('.ssh/config')} ${jump}`;
    const host = await at.connect(
      'db1',
      common(at, `Host db1\nPort ${server.port}\nProxyCommand ${command}\n`),
    );
    expect(await says(host, 'echo in')).toBe('in\n');
    host.close();
    await until(
      () => spawnSync('pgrep', ['-fx', `${program} .*${server.port}.*`]).status === 1,
      'it has ended',
    );
  });

  it('a ProxyCommand that fails says why, and its words are harmless', async (context) => {
    const { at } = await place(context);
    const config = (command: string) => common(at, `Host db1\nProxyCommand ${command}\n`);
    await expect(
      at.connect('db1', config(`sh -c 'printf "no\\033[31m way" >&2; exit 3'`)),
    ).rejects.toMatchObject({
      code: 'host-unreachable',
      why: 'ProxyCommand ended with code 3. It said: no\\x1b[31m way.',
    });
    await expect(at.connect('db1', config('/no/such/command'))).rejects.toMatchObject({
      why: expect.stringMatching(/ProxyCommand ended with code 127/),
    });
    const { took, error } = await timed(at.connect('db1', `ConnectTimeout 1\n${config('sleep 77.7')}`));
    expect(error).toMatchObject({ why: expect.stringContaining('nothing came for 1 s') });
    expect(took).toBeLessThan(3000);
    await until(() => spawnSync('pgrep', ['-fx', 'sleep 77.7']).status === 1, 'the command has ended');
  });

  it('nobody there, no such name, no such option', async (context) => {
    const { at } = await place(context);
    const port = await freePort();
    await expect(at.connect(`joe@127.0.0.1:${port}`, '')).rejects.toMatchObject({
      code: 'host-unreachable',
      why: `Nothing listens at 127.0.0.1, port ${port}.`,
    });
    await expect(at.connect('no-such-host.invalid', '')).rejects.toMatchObject({ code: 'host-unreachable' });
    for (const bad of ['', '-oProxyCommand=id', 'a b', 'x@', 'a;id', '$(id)', 'db1:99999', 'db1:x'])
      await expect(at.connect(bad, ''), bad).rejects.toMatchObject({ code: 'host-config' });
  });
});

describe('faults', () => {
  /** Bytes a server has sent when its banner, the key exchange or the login is under way. */
  it.for([
    ['nothing at all', 0, 'stall', /did not say that it is an SSH server: nothing came for 1 s/],
    ['half a banner', 10, 'stall', /stopped answering before its identity was proven: nothing came for 1 s/],
    ['half a key exchange', 700, 'stall', /stopped answering before its identity was proven/],
    ['half a login', 1900, 'stall', /stopped answering while logging in/],
    ['cut before the banner', 0, 'cut', /The connection ended before it said anything/],
    ['cut in the key exchange', 700, 'cut', /The connection ended before its identity was proven/],
    ['a garbled banner', 0, 'garble', /(ended|stopped answering) before its identity was proven/],
    ['a garbled key exchange', 60, 'garble', /The connection ended before its identity was proven/],
  ] as const)('%s', async ([_name, after, how, why], context) => {
    const { at, server } = await place(context);
    at.key('k');
    const proxy = await FaultyProxy.start(context, server.port, { after, how });
    const config = common(at, `Host db1\nPort ${proxy.port}\nConnectTimeout 1\n`);

    const { took, error } = await timed(at.connect('db1', config));

    expect(error).toMatchObject({ what: expect.stringContaining('db1'), why: expect.stringMatching(why) });
    expect((error as { code: string }).code).toMatch(/^host-unreachable$|^not-authenticated$/);
    expect(took).toBeLessThan(3000);
  });

  it('time that the user takes is not the host’s', async (context) => {
    const { at, server } = await place(context);
    at.key('k');
    const config = common(at, `Host db1\nPort ${server.port}\nConnectTimeout 1\nStrictHostKeyChecking ask\n`);
    const asker = {
      secret: async () => undefined,
      confirm: async () => {
        await sleep(1500);
        return true;
      },
    };
    expect(await says(await at.connect('db1', config, [], { asker }), 'echo in')).toBe('in\n');
  });

  it('a server that hangs up while the user is asked: said at once', async (context) => {
    const { at, server } = await place(context, 'LoginGraceTime 1');
    at.key('k', 'a passphrase');
    const config = common(at, `Host db1\nPort ${server.port}\n`);
    let over: AbortSignal | undefined;
    const secret = (question: Question) => {
      over = question.over;
      return new Promise<never>(() => undefined);
    };
    const asker = { secret, confirm: async () => true };
    const { took, error } = await timed(at.connect('db1', config, [], { asker }));
    expect(error).toMatchObject({
      what: 'db1 cannot be reached.',
      why: 'It closed the connection while it waited for your answer (LoginGraceTime).',
    });
    expect(took).toBeLessThan(4000);
    expect(over?.aborted).toBe(true);
  });

  it('a connection that falls silent is lost, by the signs of life', async (context) => {
    const { at, server } = await place(context);
    at.key('k');
    const proxy = await FaultyProxy.start(context, server.port);
    const alive = 'ServerAliveInterval 1\nServerAliveCountMax 1\n';
    const host = await at.connect('db1', common(at, `Host db1\nPort ${proxy.port}\n${alive}`));
    const command = await host.run('cat');
    proxy.fault = { after: 0, how: 'stall' };
    const { took } = await timed(host.lost);
    expect(await host.lost).toBe('It does not answer any more.');
    expect(await command.ended).toEqual({ lost: 'It does not answer any more.' });
    expect(took).toBeLessThan(5000);
  });

  it.for(['cut', 'garble'] as const)('a connection that is %s is lost', async (how, context) => {
    const { at, server } = await place(context);
    at.key('k');
    const proxy = await FaultyProxy.start(context, server.port);
    const host = await at.connect('db1', common(at, `Host db1\nPort ${proxy.port}\n`));
    const command = await host.run('cat');
    proxy.fault = { after: 0, how };
    command.input.write('x');
    expect(await host.lost).toMatch(/^The connection (was (closed|reset)|broke: .+)\.$/);
    expect(await command.ended).toMatchObject({ lost: expect.any(String) });
  });

  it('a server that is killed: lost at once', async (context) => {
    const { at, server } = await place(context);
    at.key('k');
    const host = await at.connect('db1', common(at, `Host db1\nPort ${server.port}\n`));
    const command = await host.run('cat');
    server.kill();
    const { took } = await timed(host.lost);
    expect(took).toBeLessThan(1000);
    expect(await command.ended).toMatchObject({ lost: expect.any(String) });
  });

  it('a server that starts no more commands at a time says so, and goes on', async (context) => {
    const { at, server } = await place(context, 'MaxSessions 1');
    at.key('k');
    const host = await at.connect('db1', common(at, `Host db1\nPort ${server.port}\n`));
    const first = await host.run('cat');
    await expect(host.run('true')).rejects.toMatchObject({
      code: 'host-refused',
      why: expect.stringContaining('MaxSessions'),
    });
    first.input.end();
    first.output.resume();
    first.errors.resume();
    expect(await first.ended).toEqual({ code: 0 });
    expect(await says(host, 'echo again')).toBe('again\n');
  });

  it('an agent that says nothing is left out', async (context) => {
    const { at, server } = await place(context);
    at.key('k');
    const silent = createServer().listen(at.path('silent.sock'));
    context.onTestFinished(toRelease(() => silent.close()));
    const config = common(at, `Host db1\nPort ${server.port}\nIdentityAgent ${at.path('silent.sock')}\n`);
    expect(await says(await at.connect('db1', config), 'echo in')).toBe('in\n');
    expect(at.log.join()).toContain('silent.sock is left out: it said nothing for 5 s');
    await at.connect('db1', `IdentityAgent /nowhere\n${config}`);
    expect(at.log.join()).toContain('The agent at /nowhere is left out');
  });

  it('leaving a server that answers nothing leaves no connection behind', async (context) => {
    const { at, server } = await place(context);
    at.key('k');
    const proxy = await FaultyProxy.start(context, server.port);
    const host = await at.connect('db1', common(at, `Host db1\nPort ${proxy.port}\n`));
    proxy.fault = { after: 0, how: 'stall' };
    const open = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
    const before = open();
    host.close();
    // Both ends are this process's.
    await until(() => open() <= before - 2, 'the connection is closed');
  });

  it('giving up ends the attempt', async (context) => {
    const { at, server } = await place(context);
    at.key('k');
    const proxy = await FaultyProxy.start(context, server.port, { after: 0, how: 'stall' });
    const config = common(at, `Host db1\nPort ${proxy.port}\n`);
    const { took, error } = await timed(at.connect('db1', config, [], { signal: AbortSignal.timeout(300) }));
    expect(error).toMatchObject({ code: 'cancelled' });
    expect(took).toBeLessThan(1500);
  });
});
