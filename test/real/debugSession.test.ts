import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { describe, expect, it } from 'vitest';
import type { CheckedClient } from '../dap/client';
import { INITIALIZE } from '../dap/client';
import { type Actor, actor } from './support/actor';
import { attach, launch, stackOf, startAdapter } from './support/debugging';
import { expectSentence, run } from './support/inspect';
import { statusOf, until } from './support/proc';
import { killGroup } from './support/releases';
import { skipUnless } from './support/rights';
import { type Running, startVictim, type Victim } from './support/victim';

const USER = 'root';

async function stuck(context: Running, scene: string): Promise<{ who: Actor; victim: Victim }> {
  skipUnless(context, 'ioUring');
  const who = actor(USER);
  return { who, victim: await startVictim(context, who, 'ring_victim', [scene]) };
}

async function ringOf(client: CheckedClient): Promise<number> {
  const { threads } = (await client.threadsRequest()).body;
  const ring = threads.find(({ name }) => /^ring\b/.test(name));
  if (!ring) throw new Error(`no ring among ${JSON.stringify(threads)}`);
  return ring.id;
}

/** All variables below a reference, as lines, as deep as `depth`; with the places in memory that they name. */
async function unfolded(
  client: CheckedClient,
  variablesReference: number,
  depth = 3,
): Promise<{ readonly lines: readonly string[]; readonly places: readonly string[] }> {
  const lines: string[] = [];
  const places: string[] = [];
  for (const one of (await client.variablesRequest({ variablesReference })).body.variables) {
    lines.push(`${one.name}: ${one.value}`);
    if (one.memoryReference !== undefined) places.push(one.memoryReference);
    if (one.variablesReference === 0 || depth === 0) continue;
    const below = await unfolded(client, one.variablesReference, depth - 1);
    lines.push(...below.lines);
    places.push(...below.places);
  }
  return { lines, places };
}

async function scopesOf(client: CheckedClient, threadId: number): Promise<DebugProtocol.Scope[]> {
  const [frame] = await stackOf(client, threadId);
  return (await client.scopesRequest({ frameId: frame?.id ?? 0 })).body.scopes;
}

describe('a debug session about a stuck process', () => {
  it('tells the request, its ring and its buffer, whose bytes are those of the process', async (context) => {
    const { who, victim } = await stuck(context, 'pipe-read');
    const client = startAdapter(context, who);
    await attach(client, { pid: victim.pid });
    const scopes = await scopesOf(client, await ringOf(client));
    const all = await Promise.all(scopes.map((scope) => unfolded(client, scope.variablesReference)));
    const text = all.flatMap(({ lines }) => lines).join('\n');
    expect(text).toMatch(/READ/);
    const [place] = all.flatMap(({ places }) => places);
    expect(place).toMatch(/^0x/);
    const memory = await client.customRequest('readMemory', { memoryReference: place, count: 16 });
    const { data = '', unreadableBytes } = memory.body as DebugProtocol.ReadMemoryResponse['body'] & object;
    expect(Buffer.from(data, 'base64')).toHaveLength(16);
    expect(unreadableBytes).toBeUndefined();
    const nowhere = await client.customRequest('readMemory', { memoryReference: '0x10', count: 16 });
    expect(nowhere.body).toEqual({ address: '0x10', unreadableBytes: 16 });
    await client.disconnectRequest();
  });

  it('tells the buffers its ring has registered, whose bytes are read when they are looked at', async (context) => {
    const { who, victim } = await stuck(context, 'registered');
    const client = startAdapter(context, who);
    await attach(client, { pid: victim.pid });
    const scopes = await scopesOf(client, await ringOf(client));
    const all = await Promise.all(scopes.map((scope) => unfolded(client, scope.variablesReference)));
    const text = all.flatMap(({ lines }) => lines).join('\n');
    expect(text).toMatch(/registered files.*6 slots, 4 in use/);
    expect(text).toMatch(/registered buffer 1.*8,192 bytes at 0x/);
    const address = victim.truth.address;
    expect(all.flatMap(({ places }) => places)).toContain(address);
    const memory = await client.customRequest('readMemory', { memoryReference: address, count: 4096 });
    const { data = '' } = memory.body as DebugProtocol.ReadMemoryResponse['body'] & object;
    expect(Buffer.from(data, 'base64')).toHaveLength(4096);
    await client.disconnectRequest();
  });

  it('answers what is typed, completes it, and says what there is', async (context) => {
    const { who, victim } = await stuck(context, 'fifo-open');
    const client = startAdapter(context, who);
    await attach(client, { pid: victim.pid });
    for (const [expression, says] of [
      ['pending', /4/],
      ['findings', /./],
      ['help', /pending/],
    ] as const) {
      const { body } = await client.evaluateRequest({ expression, context: 'repl' });
      expect(body.result).toMatch(says);
    }
    const { message = '' } = await client.failing('evaluate', { expression: 'nonsense', context: 'repl' });
    expect(message).toMatch(/pending/);
    const { targets } = (await client.completionsRequest({ text: 'pen', column: 4 })).body;
    expect(targets.map(({ label }) => label)).toContain('pending');
    await client.disconnectRequest();
  });

  it('goes on and freezes again, and the process never stops', async (context) => {
    const { who, victim } = await stuck(context, 'fifo-open');
    const client = startAdapter(context, who);
    await attach(client, { pid: victim.pid, interval: 0.2 });
    await client.continueRequest({ threadId: victim.pid });
    await client.pauseRequest({ threadId: victim.pid });
    await client.event<DebugProtocol.StoppedEvent>('stopped', ({ body }) => body.reason === 'pause');
    expect(statusOf(victim.pid, 'TracerPid')).toBe('0');
    expect(statusOf(victim.pid, 'State')).not.toMatch(/^[tT]/);
    await client.failing('next', { threadId: victim.pid });
    await client.disconnectRequest();
  });

  it('stops its view once a request has been pending for longer than was said', async (context) => {
    const { who, victim } = await stuck(context, 'pipe-read');
    const client = startAdapter(context, who);
    await client.initializeRequest(INITIALIZE);
    await Promise.all([
      client.event('initialized').then(async () => {
        const { breakpoints = [] } = (
          await client.setExceptionBreakpointsRequest({
            filters: [],
            filterOptions: [{ filterId: 'pending-longer', condition: '1' }],
          })
        ).body ?? { breakpoints: [] };
        expect(breakpoints).toEqual([{ verified: true }]);
        await client.configurationDoneRequest();
      }),
      client.attachRequest({ pid: victim.pid, interval: 0.2 } as object),
    ]);
    await client.event('stopped');
    await client.continueRequest({ threadId: victim.pid });
    const { body } = await client.event<DebugProtocol.StoppedEvent>(
      'stopped',
      (event) => event.body.reason === 'exception',
    );
    expect(body.description).toBe('Pending > 1 s');
    const info = (await client.exceptionInfoRequest({ threadId: body.threadId ?? 0 })).body;
    expect(info.description).toMatch(/1 request is pending/);
    expect(JSON.stringify(info)).toMatch(/READ|read/);
    await client.disconnectRequest();
  });

  it('ends when the process does', async (context) => {
    const { who, victim } = await stuck(context, 'pipe-read');
    const client = startAdapter(context, who);
    await attach(client, { pid: victim.pid, interval: 0.2 });
    await client.continueRequest({ threadId: victim.pid });
    victim.release();
    await client.event('terminated');
    await client.disconnectRequest();
    expect(await client.ended).toBe(0);
  });

  it('shows a saved Sample, which neither goes on nor has memory', async (context) => {
    const { who, victim } = await stuck(context, 'fifo-open');
    const sample = join(victim.directory, 'sample.json');
    expect(await run(who, String(victim.pid), '--save', sample)).toMatchObject({ code: 0 });
    const client = startAdapter(context, who);
    await attach(client, { sample });
    expect((await stackOf(client, await ringOf(client))).length).toBeGreaterThanOrEqual(4);
    await client.failing('continue', { threadId: victim.pid });
    await client.failing('readMemory', { memoryReference: '0x1000', count: 1 });
    await client.disconnectRequest();
  });
});

describe('a debug session that launches a program', () => {
  const program = (name: string) => join(actor(USER).programs, name);

  it('follows it, tells what it writes, and ends it when told to', async (context) => {
    skipUnless(context, 'ioUring');
    const client = startAdapter(context, actor(USER));
    const { body } = await launch(client, {
      program: program('ring_victim'),
      args: ['pipe-read'],
      cwd: '/tmp',
    });
    const pid = body.systemProcessId ?? 0;
    expect(existsSync(`/proc/${pid}/fd`)).toBe(true);
    await client.event<DebugProtocol.OutputEvent>(
      'output',
      ({ body: { category, output } }) => category === 'stdout' && output.includes('"ready"'),
    );
    await client.pauseRequest({ threadId: pid });
    await client.event('stopped');
    expect((await stackOf(client, await ringOf(client))).length).toBeGreaterThanOrEqual(1);
    await client.terminateRequest();
    await client.event('exited');
    await client.event('terminated');
    await until(() => !existsSync(`/proc/${pid}`), 'it has ended');
    await client.disconnectRequest();
  });

  it('tells its exit code, and how it was ended', async (context) => {
    const client = startAdapter(context, actor(USER));
    const { body } = await launch(client, { program: '/bin/sh', args: ['-c', 'sleep 1; echo bye; exit 7'] });
    expect(body.startMethod).toBe('launch');
    const exited = await client.event<DebugProtocol.ExitedEvent>('exited');
    expect(exited.body.exitCode).toBe(7);
    await client.event<DebugProtocol.OutputEvent>('output', (event) => event.body.output === 'bye\n');
    await client.disconnectRequest();
  });

  it('gives it the environment of the configuration', async (context) => {
    const client = startAdapter(context, actor(USER));
    const args = ['-c', 'echo "A=$A HOME=$HOME PWD=$PWD"; sleep 30'];
    await launch(client, { program: '/bin/sh', args, cwd: '/usr', env: { A: 'b c', HOME: null } });
    const { body } = await client.event<DebugProtocol.OutputEvent>(
      'output',
      (event) => event.body.category === 'stdout',
    );
    expect(body.output).toBe('A=b c HOME= PWD=/usr\n');
    await client.disconnectRequest({ terminateDebuggee: true });
  });

  it('finds it in a terminal that the client opens, by the shell’s number', async (context) => {
    skipUnless(context, 'ioUring');
    const client = startAdapter(context, actor(USER));
    client.answers.set('runInTerminal', (asked) => {
      const { args } = asked as DebugProtocol.RunInTerminalRequestArguments;
      const words = args.map((word) => `'${word}'`).join(' ');
      const shell = spawn('sh', ['-c', `env A=b ${words}; exit 3`], { detached: true, stdio: 'ignore' });
      context.onTestFinished(() => {
        if (shell.pid !== undefined) killGroup(shell.pid);
      });
      return { shellProcessId: shell.pid };
    });
    const configuration = {
      program: program('ring_victim'),
      args: ['pipe-read'],
      cwd: '/tmp',
      console: 'integratedTerminal',
    };
    const { body } = await launch(client, configuration);
    expect(body.name).toBe('ring_victim');
    expect(statusOf(body.systemProcessId ?? 0, 'Name')).toBe('ring_victim');
    await client.terminateRequest();
    await until(() => !existsSync(`/proc/${body.systemProcessId}`), 'it has ended');
    await client.disconnectRequest();
  });

  it('says of what cannot be started why', async (context) => {
    const client = startAdapter(context, actor(USER));
    await client.initializeRequest(INITIALIZE);
    for (const [configuration, says] of [
      [{ program: '/no/such' }, /ENOENT/],
      [{ program: '/etc/passwd' }, /EACCES/],
      [{ program: '/bin/true', cwd: '/no/such' }, /ENOENT/],
      [{ program: '/bin/true', args: 'x' }, /args/],
      [{ program: '/bin/true', host: 'db1' }, /host/],
      [{ name: 'x' }, /program/],
    ] as const) {
      const { message = '' } = await client.failing('launch', configuration);
      expect(message).toMatch(says);
      expectSentence(message);
    }
    await client.disconnectRequest();
  });
});
