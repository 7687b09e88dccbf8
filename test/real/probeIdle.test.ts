import { spawn } from 'node:child_process';
import { existsSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeIdle, encodeRequest, FrameDecoder } from '../../src/probe/wire';
import { spawnProbe } from '../../src/target/local';
import { connectProbe } from '../../src/target/probeTarget';
import { openCommand } from '../../src/target/remote/command';
import { openRemote, type RemoteOptions } from '../../src/target/remote/openRemote';
import { FaultyProxy } from './support/faultyProxy';
import { outcomes, startRaw, stateOf, testProbe } from './support/probe';
import { until } from './support/proc';
import { skipUnless } from './support/rights';
import { Sshd, SshPlace } from './support/sshd';
import { allowSudo } from './support/sshStage';
import type { Running } from './support/victim';

let path: string;

beforeAll(async () => {
  path = await testProbe();
});

const limit = (seconds: number) =>
  encodeRequest(1, { verb: 'idle', limit: 0, deadline: 1000 }, [encodeIdle(seconds)]).frame;
const question = (count: number, id = 2) =>
  encodeRequest(id, { verb: 'read', limit: 1 << 20, deadline: 1000 }, Array(count).fill('/proc/version'))
    .frame;

/** Milliseconds since `from`. */
const since = (from: number) => Math.round(performance.now() - from);

describe('a probe that hears nothing', () => {
  it('ends after as many seconds as it was told, and says why', async (context) => {
    const probe = startRaw(path);
    context.onTestFinished(() => probe.kill());
    probe.write(limit(1));
    const from = performance.now();
    expect(await probe.exit).toEqual({ code: 2, signal: null });
    expect(since(from)).toBeGreaterThanOrEqual(990);
    expect(since(from)).toBeLessThan(6000);
    expect(new FrameDecoder().push(probe.output()).slice(1)).toMatchObject([
      { kind: 'answers', answers: [{ ok: true }] },
      { kind: 'done', count: 1 },
      { kind: 'fatal', text: 'It has left, for it had heard nothing for 1 s.' },
    ]);
  });

  it('stays when it was told nothing, or to stay', async (context) => {
    const [untold, told] = [startRaw(path), startRaw(path)];
    for (const probe of [untold, told]) context.onTestFinished(() => probe.kill());
    told.write(Buffer.concat([limit(1), limit(0)]));
    await sleep(1500);
    for (const { pid } of [untold, told]) expect(stateOf(pid)).toMatch(/^[SR]$/);
  });

  it('is kept by whatever is asked', async (context) => {
    const probe = startRaw(path);
    context.onTestFinished(() => probe.kill());
    probe.write(limit(1));
    for (let id = 2; id < 8; id++) {
      await sleep(400);
      probe.write(question(1, id));
    }
    expect(stateOf(probe.pid)).toMatch(/^[SR]$/);
  });

  it('ends, too, where nobody takes its answers any more', async (context) => {
    const child = spawn(path, { stdio: ['pipe', 'pipe', 'ignore'] });
    context.onTestFinished(() => void child.kill('SIGKILL'));
    child.stdin.on('error', () => undefined);
    child.stdin.write(Buffer.concat([limit(1), ...Array.from({ length: 40 }, () => question(2000))]));
    const code = await new Promise((resolve) => child.on('exit', resolve));
    // 2 in the middle of a frame, 3 between two of them: it could not say why.
    expect([2, 3]).toContain(code);
  });

  it('that was stopped for long hears first what came meanwhile', async (context) => {
    const target = await connectProbe(spawnProbe(path), 'stopped', { idle: 1 });
    context.onTestFinished(() => target.dispose());
    process.kill(target.hello.pid, 'SIGSTOP');
    await sleep(1500);
    process.kill(target.hello.pid, 'SIGCONT');
    expect(outcomes(await target.read(['/proc/version']))).toEqual(['ok']);
  });

  it('is kept by our side while nothing is asked, here and elsewhere', async (context) => {
    const host = openCommand([], 'elsewhere');
    context.onTestFinished(() => host.close());
    const targets = [
      await connectProbe(spawnProbe(path), 'here', { idle: 1 }),
      await openRemote(host, { probes: () => path, idle: 1 }),
    ];
    await sleep(3000);
    for (const target of targets) {
      expect(outcomes(await target.read(['/proc/version']))).toEqual(['ok']);
      target.dispose();
      await until(() => stateOf(target.hello.pid) === undefined, 'it has ended');
    }
  });
});

/** A target behind an SSH server that never looks whether anybody is there, and the way to it. */
async function behindSsh(context: Running, options: Partial<RemoteOptions>, sudo: boolean) {
  skipUnless(context, 'sshd');
  const at = new SshPlace(context);
  if (sudo) allowSudo(context, { at });
  const server = await Sshd.start(at, context, 'server', ['ClientAliveInterval 0', 'TCPKeepAlive no']);
  const proxy = await FaultyProxy.start(context, server.port);
  at.key('k');
  const config = `Host db1
HostName 127.0.0.1
Port ${proxy.port}
User ${at.user.name}
IdentityFile ${at.path('k')}
UserKnownHostsFile ${at.path('.ssh/known_hosts')}
GlobalKnownHostsFile none
StrictHostKeyChecking accept-new
`;
  const host = await at.connect('db1', config);
  const asker = { secret: async () => undefined, confirm: async () => false };
  const target = await openRemote(host, {
    probes: () => path,
    ...options,
    ...(sudo ? { elevation: { method: 'sudo', asker } } : {}),
  });
  return { target, proxy, server };
}

describe('a network that dies without a word', () => {
  it.for([
    ['an ordinary user', false],
    ['root by sudo', true],
  ] as const)('leaves neither probe nor file on the host: %s', async ([_name, sudo], context) => {
    const { target, proxy, server } = await behindSsh(context, { idle: 2 }, sudo);
    const [pid, file] = [target.hello.pid, readlinkSync(`/proc/${target.hello.pid}/exe`)];
    expect(target.rights.uid === 0).toBe(sudo);
    // Not asked anything it stays.
    await sleep(3000);
    expect(outcomes(await target.read(['/proc/version']))).toEqual(['ok']);
    expect(existsSync(file)).toBe(true);

    proxy.fault = { after: 0, how: 'silence' };
    const from = performance.now();
    await until(() => stateOf(pid) === undefined && !existsSync(file), 'probe and file are gone');

    expect(since(from)).toBeLessThan(8000);
    // It is not the server that has noticed.
    expect(server.sessions()).toBeGreaterThan(0);
    expect(proxy.connections).toBe(2);
  });
});
