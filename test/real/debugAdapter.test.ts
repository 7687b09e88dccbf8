import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { describe, expect, it } from 'vitest';
import { type CheckedClient, INITIALIZE } from '../dap/client';
import { ACTORS, type Actor, actor, actorMissing } from './support/actor';
import {
  attach,
  connectClient,
  descendants,
  listeningAdapter,
  stackOf,
  startAdapter,
} from './support/debugging';
import { expectSentence, run } from './support/inspect';
import { mountHangfs } from './support/mounts';
import { until } from './support/proc';
import { skipUnless } from './support/rights';
import { type Running, startVictim, type Victim } from './support/victim';

/** Milliseconds that a client waits for an answer at most while 5,000 threads are looked at, on a machine that has much else to do. */
const MOST_WAIT = 1000;

const threadsOf = async (client: { threadsRequest(): Promise<DebugProtocol.ThreadsResponse> }) =>
  (await client.threadsRequest()).body.threads;

const stuckFor = async (context: Running, who: Actor, scene: string): Promise<Victim> => {
  skipUnless(context, 'ioUring');
  return startVictim(context, who, 'ring_victim', [scene]);
};

describe.each(ACTORS)('the debug adapter, used by %s', (name) => {
  const user = (context: Running): Actor => {
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    return actor(name);
  };

  it('shows threads and rings of a process that is stuck, and leaves nothing behind', async (context) => {
    const who = user(context);
    const victim = await stuckFor(context, who, 'fifo-open');
    const client = startAdapter(context, who);
    const stopped = await attach(client, { pid: victim.pid });
    expect(stopped.body).toMatchObject({ allThreadsStopped: true });
    expect(stopped.body.description).toMatch(/\w/);
    const threads = await threadsOf(client);
    expect(threads.map(({ id }) => id)).toContain(victim.pid);
    const ring = threads.find(({ name: of }) => /^ring\b/.test(of));
    expect((await stackOf(client, ring?.id ?? 0)).length).toBeGreaterThanOrEqual(4);
    await client.disconnectRequest();
    expect(await client.ended).toBe(0);
    expect(existsSync(`/proc/${victim.pid}/fd`)).toBe(true);
  });

  it('ends with the session, whoever hangs up', async (context) => {
    const who = user(context);
    const victim = await stuckFor(context, who, 'pipe-read');
    const client = startAdapter(context, who);
    await attach(client, { pid: victim.pid });
    client.leave();
    expect(await client.ended).toBe(0);
  });
});

describe('the debug adapter', () => {
  it('shows the kernel’s and the program’s frames of a thread that a FUSE server keeps waiting', async (context) => {
    skipUnless(context, 'ioUring', 'fuse');
    const who = actor('root');
    const { directory } = await mountHangfs(context);
    const victim = await startVictim(context, who, 'ring_victim', [
      'file',
      `${directory}/hang-data`,
      'read',
      '4',
    ]);
    const client = startAdapter(context, who);
    await attach(client, { pid: victim.pid });
    const worker = (await threadsOf(client)).find(({ name }) => /iou-wrk|worker/.test(name));
    const kernel = await stackOf(client, worker?.id ?? 0);
    expect(kernel.map(({ name }) => name).join(' ')).toMatch(/fuse|folio|page/);
    const [waiting, ...others] = kernel.filter(({ source }) => source !== undefined);
    expect(others).toEqual([]);
    expect(waiting?.name).toMatch(/waits here$/);
    const { sourceReference = 0 } = waiting?.source ?? {};
    expect((await client.sourceRequest({ sourceReference })).body.content).toMatch(/FUSE server/);
    expect(
      kernel.slice(0, -1).every((frame) => frame === waiting || frame.presentationHint === 'subtle'),
    ).toBe(true);
    expect(kernel.at(-1)?.presentationHint).toBe('label');
    await client.disconnectRequest();
  });

  it('pages the stacks of 5,000 threads, and answers meanwhile', { timeout: 120_000 }, async (context) => {
    skipUnless(context, 'ioUring');
    const who = actor('root');
    const victim = await startVictim(context, who, 'crowd', ['5000', '2'], { busy: true });
    const client = startAdapter(context, who, '--no-sources');
    await client.initializeRequest(INITIALIZE);
    const waits = asking(client);
    await Promise.all([
      client.attachRequest({ pid: victim.pid } as object),
      client.event('initialized').then(() => client.configurationDoneRequest()),
    ]);
    await client.event('stopped');
    const threads = await threadsOf(client);
    expect(threads.length).toBeGreaterThanOrEqual(5002);
    const begun = performance.now();
    for (const { id } of threads.slice(-20))
      expect(
        (await client.stackTraceRequest({ threadId: id, startFrame: 0, levels: 1 })).body.stackFrames,
      ).toHaveLength(1);
    expect(performance.now() - begun).toBeLessThan(5000);
    const { asked, longest } = await waits();
    expect(asked).toBeGreaterThan(5);
    expect(longest).toBeLessThan(MOST_WAIT);
    await client.disconnectRequest();
  });

  it('answers what cannot be attached to with a sentence and an id, and can be used after that', async (context) => {
    const who = actor('root');
    const client = startAdapter(context, who);
    await client.initializeRequest(INITIALIZE);
    for (const args of [
      { program: '/bin/true' },
      { pid: 'x' },
      { pid: 4_194_303 },
      { pid: 2 },
      { pid: 1, processName: 'a' },
      { processName: 'no such name' },
      { sample: '/no/such' },
      { pid: 1, host: '-oProxyCommand=x' },
      { pid: 1, interval: -1 },
    ]) {
      const { body, message } = await client.failing('attach', args);
      expectSentence(message ?? '');
      expect(body.error?.id).toBeGreaterThan(0);
    }
    const { pid } = process;
    await client.attachRequest({ pid } as DebugProtocol.AttachRequestArguments);
    await client.disconnectRequest();
    expect(await client.ended).toBe(0);
  });

  it('says of a host that asks something what to do, for it cannot ask', async (context) => {
    skipUnless(context, 'ordinaryUser');
    const who = actor('an ordinary user');
    const client = startAdapter(context, who, '--sudo');
    await client.initializeRequest(INITIALIZE);
    const { message } = await client.failing('attach', { pid: process.pid });
    expectSentence(message ?? '');
    expect(message).toMatch(/sudo/);
    await client.disconnectRequest();
  });
});

describe('the debug adapter on a port', () => {
  it('has a session for each connection and ends with the last, leaving no process behind', async (context) => {
    const who = actor('root');
    const victim = await stuckFor(context, who, 'pipe-read');
    const { port, pid, ended } = await listeningAdapter(context, who);
    const [one, other] = [await connectClient(context, port), await connectClient(context, port)];
    await attach(one, { pid: victim.pid });
    await attach(other, { pid: victim.pid });
    const started = descendants(pid);
    expect(started.length).toBeGreaterThanOrEqual(2);
    await one.disconnectRequest();
    await one.ended;
    expect((await threadsOf(other)).length).toBeGreaterThan(0);
    other.leave();
    expect(await ended).toBe(0);
    await until(() => started.every((child) => !existsSync(`/proc/${child}`)), 'its probes have ended');
  });

  it('lets in nobody who is another user or speaks another protocol, such as a page in a browser', async (context) => {
    skipUnless(context, 'root');
    const who = actor('root');
    const { port } = await listeningAdapter(context, who);
    const body = JSON.stringify({
      seq: 1,
      type: 'request',
      command: 'initialize',
      arguments: { adapterID: 'x' },
    });
    const post = `POST / HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    expect(await answerTo(port, post)).toBe('');
    const right = `Content-Length: ${body.length}\r\n\r\n${body}`;
    const stranger = actor('an ordinary user');
    const script = `const s=require('net').connect(${port},'127.0.0.1',()=>s.write(${JSON.stringify(right)}));let t='';s.on('data',c=>t+=c);s.on('error',()=>0);s.on('close',()=>console.log('said '+t.length));setTimeout(()=>s.destroy(),3000).unref()`;
    const { uid, gid } = stranger;
    const options = { encoding: 'utf8' as const, ...(uid === undefined ? {} : { uid, gid: gid ?? uid }) };
    const said = await promisify(execFile)(stranger.node, ['-e', script], options);
    expect(said.stdout).toBe('said 0\n');
    expect(await answerTo(port, right)).toMatch(/"command":"initialize"/);
  });
});

describe('inspect-io-uring dap', () => {
  it.each([
    [['--port', 'http']],
    [['--port', '65536']],
    [['123']],
    [['--host', 'a', '--host', 'b']],
    [['--watch']],
  ])('refuses %s with a sentence', async (args) => {
    const { code, stderr, stdout } = await run(actor('root'), 'dap', ...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expectSentence(stderr);
  });

  it('says that a port is taken', async (context) => {
    const who = actor('root');
    const { port } = await listeningAdapter(context, who);
    const { code, stderr } = await run(who, 'dap', '--port', String(port));
    expect(code).toBe(1);
    expect(stderr).toMatch(/EADDRINUSE/);
  });

  it('has a help of its own, which the other one names', async () => {
    expect((await run(actor('root'), '--help')).stdout).toMatch(/inspect-io-uring dap/);
    expect((await run(actor('root'), 'dap', '--help')).stdout).toMatch(/--port N/);
  });
});

/** Asks again and again what is answered from memory; the returned function ends it and tells the milliseconds of the longest wait. */
function asking(client: CheckedClient): () => Promise<{ readonly asked: number; readonly longest: number }> {
  let open = true;
  let asked = 0;
  let longest = 0;
  const done = (async () => {
    for (; open; await sleep(20)) {
      const from = performance.now();
      await client.setExceptionBreakpointsRequest({ filters: [] });
      longest = Math.max(longest, performance.now() - from);
      asked++;
    }
  })();
  return async () => {
    open = false;
    await done;
    return { asked, longest };
  };
}

/** All that a listener says to a text, until it hangs up or has said something. */
function answerTo(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(said));
  });
}
