import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { expect } from 'vitest';
import { CheckedClient, INITIALIZE } from '../../dap/client';
import type { Actor } from './actor';
import { statusOf } from './proc';
import { toRelease } from './releases';
import type { Running } from './victim';

/** A client of `inspect-io-uring dap` on its stdin and stdout; when the test ends it has gone, and every message was right. */
export function startAdapter(running: Running, who: Actor, ...args: readonly string[]): CheckedClient {
  const client = CheckedClient.spawned(who.node, [...(who.through ?? []), who.cli, 'dap', ...args], {
    env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent' },
    ...(who.uid === undefined ? {} : { uid: who.uid, gid: who.gid ?? who.uid }),
  });
  heldToProtocol(running, client);
  return client;
}

function heldToProtocol(running: Running, client: CheckedClient): void {
  running.onTestFinished(async () => {
    client.leave();
    await client.ended;
    expect(client.problems).toEqual([]);
    expect(client.complaint).toBe('');
  });
}

/** `inspect-io-uring dap --port 0` and its port. */
export async function listeningAdapter(
  running: Running,
  { node, cli }: Actor,
): Promise<{ readonly port: number; readonly pid: number; readonly ended: Promise<number | null> }> {
  const child = spawn(node, [cli, 'dap', '--port', '0'], { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
  running.onTestFinished(toRelease(() => child.kill('SIGKILL')));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const port = await new Promise<number>((resolve, reject) => {
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const match = /^Listening on 127\.0\.0\.1:(\d+)\n/.exec(said);
      if (match) resolve(Number(match[1]));
    });
    child.once('close', () => reject(new Error(`it has ended: ${said}`)));
  });
  return { port, pid: child.pid ?? 0, ended };
}

export async function connectClient(running: Running, port: number): Promise<CheckedClient> {
  const client = await CheckedClient.connected(port);
  heldToProtocol(running, client);
  return client;
}

/** Initializes, attaches and says that all is configured; resolves with the first stop. */
export async function attach(client: CheckedClient, args: object): Promise<DebugProtocol.StoppedEvent> {
  // As clients send a configuration: with what they call it.
  await begin(client, () =>
    client.attachRequest({ type: 'io_uring', request: 'attach', name: 'test', ...args } as object),
  );
  return client.event<DebugProtocol.StoppedEvent>('stopped');
}

/** The same for a program that is started; nothing has stopped then. */
export async function launch(client: CheckedClient, args: object): Promise<DebugProtocol.ProcessEvent> {
  const asked = { type: 'io_uring', request: 'launch', name: 'test', ...args };
  await begin(client, () => client.launchRequest(asked as DebugProtocol.LaunchRequestArguments));
  return client.event<DebugProtocol.ProcessEvent>('process');
}

async function begin(client: CheckedClient, ask: () => Promise<unknown>): Promise<void> {
  await client.initializeRequest(INITIALIZE);
  await Promise.all([client.event('initialized').then(() => client.configurationDoneRequest()), ask()]);
}

/** All frames of a thread. */
export async function stackOf(
  client: CheckedClient,
  threadId: number,
): Promise<readonly DebugProtocol.StackFrame[]> {
  return (await client.stackTraceRequest({ threadId })).body.stackFrames;
}

/** Processes that this one, or one below it, has started. */
export function descendants(pid: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((one) => /^\d+$/.test(one))) {
    parents.set(Number(name), Number(statusOf(Number(name), 'PPid')));
  }
  const below = (of: number): number[] =>
    [...parents].flatMap(([child, parent]) => (parent === of ? [child, ...below(child)] : []));
  return below(pid);
}
