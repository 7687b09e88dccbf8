import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ACTORS, type Actor, actor, actorMissing } from './support/actor';
import { answerOf, inspect } from './support/inspect';
import { until } from './support/proc';
import { killGroup, toRelease } from './support/releases';
import { skipUnless } from './support/rights';
import { linesUntil, type Running, startVictim } from './support/victim';

function whoever(context: Running, name: Actor['name']): Actor {
  const missing = actorMissing(name);
  if (missing !== undefined) context.skip(missing);
  return actor(name);
}

/** From then on a wait counts as one. */
async function aSecond(): Promise<void> {
  const since = performance.now();
  await until(() => performance.now() - since > 1200, 'a second passes');
}

describe.each(ACTORS)('as %s, the other end of what a thread waits for', (name) => {
  // They wait most of their time.
  it.concurrent.for(['unix-read', 'tcp-read', 'fifo-read', 'terminal', 'mqueue'])(
    'is the child that holds it: %s',
    async (scene, context) => {
      const who = whoever(context, name);
      const { pid, truth } = await startVictim(context, who, 'peers', [scene], { busy: true });
      await aSecond();
      const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
      const sample = await inspect(who, pid);
      const resource = sample.resources.find(({ fd }) => fd === truth.fd);
      expect(resource?.peers).toContainEqual({ pid: child, name: 'other-end' });
      expect(answerOf(sample).summary).toContain(`other-end (${child})`);
      expect(sample.notVisible.filter(({ what }) => what.startsWith('who is at the other end'))).toEqual([]);
    },
  );

  // One after the other: the kernel tells a listener's name, which is the same in each, and not where it is.
  it.for(['unix-unaccepted', 'tcp-unaccepted', 'unix-connect', 'tcp-connect'])(
    'is the listener that does not accept, with its backlog: %s',
    async (scene, context) => {
      const who = whoever(context, name);
      const { pid, truth } = await startVictim(context, who, 'peers', [scene], { busy: true });
      await aSecond();
      const child = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'));
      const sample = await inspect(who, pid);
      const { listener } = sample.resources.find(({ fd }) => fd === truth.fd)?.socket ?? {};
      const full = scene.endsWith('connect');
      expect(listener).toMatchObject({
        waiting: full ? 2 : 1,
        limit: full ? 1 : 8,
        holders: [{ pid: child, name: 'other-end' }],
      });
      expect(answerOf(sample).summary).toContain(`other-end (${child})`);
    },
  );
});

/** A connection of an ordinary user's process, which reads from it, to this one. */
async function readerOf(
  running: Running,
  who: Actor,
): Promise<{ readonly pid: number; readonly end: Socket }> {
  const server = createServer();
  const taken = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const child = spawn('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}; read -u 3`], {
    cwd: '/',
    detached: true,
    env: { PATH: '/usr/bin:/bin' },
    stdio: 'ignore',
    ...(who.uid === undefined ? {} : { uid: who.uid, gid: who.gid ?? who.uid }),
  });
  const { pid = 0 } = child;
  running.onTestFinished(toRelease(() => killGroup(pid)));
  const end = await taken;
  running.onTestFinished(() => {
    end.destroy();
    server.close();
  });
  return { pid, end };
}

describe('what cannot be known of the other end', () => {
  it('is told to an ordinary user: a process of another user has it', async (context) => {
    skipUnless(context, 'root');
    const who = whoever(context, 'an ordinary user');
    const { pid } = await readerOf(context, who);
    await aSecond();
    const sample = await inspect(who, pid);
    expect(sample.notVisible).toContainEqual({
      what: 'who is at the other end of the socket at descriptor 3',
      why: 'no process whose files this user may see has it',
      remedy: `run with sudo: sudo inspect-io-uring ${pid}`,
      missing: 'root',
    });
    const asRoot = await inspect(actor('root'), pid);
    expect(asRoot.resources.find(({ fd }) => fd === 3)?.peers).toMatchObject([{ pid: process.pid }]);
    expect(asRoot.notVisible).toEqual([]);
  });

  it('is told of a unix socket in another network namespace', async (context) => {
    skipUnless(context, 'root');
    const who = actor('root');
    const directory = mkdtempSync(join(tmpdir(), 'inspect-namespace-'));
    const child = spawn('unshare', ['--net', join(who.programs, 'peers'), 'unix-read'], {
      cwd: directory,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const release = toRelease(() => {
      killGroup(child.pid ?? 0);
      rmSync(directory, { recursive: true, force: true });
    });
    context.onTestFinished(release);
    await linesUntil({ name: 'peers', child, directory, release }, () => true);
    await aSecond();
    const sample = await inspect(who, child.pid ?? 0);
    expect(sample.notVisible).toMatchObject([
      {
        what: 'who is at the other end of unix sockets',
        why: 'the process is in another network namespace than the inspector, and /proc does not tell',
      },
    ]);
    expect(answerOf(sample).summary).toContain('waits for data on the unix socket at descriptor 3, ');
  });
});

/** `nc` with these arguments, as root in namespaces that these words of `unshare` make, or in ours. */
async function netcat(
  running: Running,
  args: readonly string[],
  ...namespaces: readonly string[]
): Promise<number> {
  const [program = '', ...words] =
    namespaces.length > 0 ? ['unshare', ...namespaces, 'nc', ...args] : ['nc', ...args];
  const child = spawn(program, words, { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  running.onTestFinished(toRelease(() => killGroup(child.pid ?? 0)));
  const { pid = 0 } = child;
  await until(() => readFileSync(`/proc/${pid}/comm`, 'utf8') === 'nc\n', 'nc runs');
  return pid;
}

describe('a unix socket that was accepted from another network namespace', () => {
  it.for([
    ['the server’s is not the inspector’s', ['--net'], []],
    ['the client’s is not the inspector’s', [], ['--net']],
  ] as const)('is named where it can be: %s', async ([, servers, clients], context) => {
    skipUnless(context, 'root', 'netcat');
    const directory = mkdtempSync(join(tmpdir(), 'inspect-socket-'));
    context.onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    const path = join(directory, 'socket');
    const server = await netcat(context, ['-lU', path], ...servers);
    await until(() => existsSync(path), 'the server listens');
    const client = await netcat(context, ['-U', path], ...clients);
    const accepted = () => readdirSync(`/proc/${server}/fd`).length > 4;
    await until(accepted, 'the server accepts');
    await aSecond();
    const { resources, notVisible } = await inspect(actor('root'), server);
    const peers = resources.flatMap((resource) => resource.peers ?? []);
    if (servers.length > 0) {
      expect(peers).toContainEqual({ pid: client, name: 'nc' });
      expect(notVisible).toEqual([]);
    } else {
      expect(peers).not.toContainEqual(expect.objectContaining({ name: 'nc' }));
      expect(notVisible).toMatchObject([
        { why: expect.stringContaining('not of the network namespace of its process') },
      ]);
    }
  });
});
