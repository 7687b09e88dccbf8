import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { describe, expect, it } from 'vitest';
import { ERROR_IDS } from '../../src/debug/errors';
import { type CheckedClient, INITIALIZE } from '../dap/client';
import { actor } from './support/actor';
import { attach, startAdapter } from './support/debugging';
import { expectSentence, run } from './support/inspect';
import { toRelease } from './support/releases';
import { skipUnless } from './support/rights';
import { type Running, startVictim } from './support/victim';

type Code = keyof typeof ERROR_IDS;

function folder(context: Running): string {
  const directory = mkdtempSync(join(tmpdir(), 'inspect-errors-'));
  context.onTestFinished(toRelease(() => rmSync(directory, { recursive: true, force: true })));
  return directory;
}

async function initialized(context: Running, more: object = {}): Promise<CheckedClient> {
  const client = startAdapter(context, actor('root'));
  await client.initializeRequest({ ...INITIALIZE, ...more });
  return client;
}

/** The request fails with that error's id, and with a sentence that says so. */
async function refuses(
  client: CheckedClient,
  command: string,
  args: object,
  code: Code,
  says: RegExp,
): Promise<void> {
  const { body, message = '' } = await client.failing(command, args);
  expect({ id: body.error?.id, message }).toEqual({
    id: ERROR_IDS[code],
    message: expect.stringMatching(says),
  });
  expectSentence(message);
}

async function sleeper(context: Running, program: string): Promise<ChildProcess> {
  const child = spawn(program, ['60'], { stdio: 'ignore' });
  context.onTestFinished(toRelease(() => child.kill('SIGKILL')));
  await new Promise((resolve) => child.once('spawn', resolve));
  return child;
}

describe('a debug session that cannot begin', () => {
  it('says of a process why, whether none has its number, it has ended, or none or several have its name', async (context) => {
    const client = await initialized(context);
    const { pid: ended } = spawnSync('true');
    await refuses(client, 'attach', { pid: ended }, 'no-such-process', new RegExp(String(ended)));
    await refuses(client, 'attach', { pid: 0 }, 'bad-pid', /0/);
    await refuses(client, 'attach', { pid: 2 }, 'kernel-thread', /kernel/);
    const name = `insp-${process.pid}`;
    await refuses(client, 'attach', { processName: name }, 'no-such-process', new RegExp(name));
    const program = join(folder(context), name);
    copyFileSync('/bin/sleep', program);
    const [one, other] = [await sleeper(context, program), await sleeper(context, program)];
    const both = new RegExp(`^2 processes .*(${one.pid}.*${other.pid}|${other.pid}.*${one.pid})`);
    await refuses(client, 'attach', { processName: name }, 'several-processes', both);
    const gone = new Promise((resolve) => other.once('exit', resolve));
    other.kill('SIGKILL');
    await gone;
    await client.attachRequest({ processName: name } as object);
    const { body } = await client.event<DebugProtocol.ProcessEvent>('process');
    expect(body).toMatchObject({ systemProcessId: one.pid, name });
  });

  it('says of a saved Sample why: it is damaged, no Sample, or of a later version', async (context) => {
    const directory = folder(context);
    const whole = join(directory, 'whole');
    expect(await run(actor('root'), String(process.pid), '--save', whole)).toMatchObject({ code: 0 });
    const text = readFileSync(whole, 'utf8');
    const client = await initialized(context);
    const written = (content: string) => {
      writeFileSync(join(directory, 'sample'), content);
      return { sample: join(directory, 'sample') };
    };
    const half = written(text.slice(0, text.length / 2));
    await refuses(client, 'attach', half, 'not-a-sample', /not JSON/);
    await refuses(client, 'attach', written('[]'), 'not-a-sample', /not an object/);
    await refuses(client, 'attach', written(text.replace('"tasks"', '"tusks"')), 'not-a-sample', /"tasks"/);
    const later = text.replace(/"schema": \d+/, '"schema": 999');
    await refuses(client, 'attach', written(later), 'newer-sample', /999/);
    await refuses(client, 'attach', { sample: directory }, 'file-unreadable', /no file/);
    const missing = { sample: join(directory, 'nowhere') };
    await refuses(client, 'attach', missing, 'file-unreadable', /No file of that name is there/);
    await client.attachRequest({ sample: whole } as object);
  });

  it('says of a program why: it or its folder is not there, its environment is none, or the client has no terminal', async (context) => {
    const client = await initialized(context);
    const program = '/bin/true';
    await refuses(client, 'launch', { program: '/no/such' }, 'usage', /no\/such.*ENOENT/);
    await refuses(client, 'launch', { program, cwd: '/no/such' }, 'usage', /in \/no\/such.*ENOENT/);
    await refuses(client, 'launch', { program, env: { A: 1 } }, 'debug-configuration', /env/);
    await refuses(client, 'launch', { program, env: { 'A=': 'b' } }, 'debug-configuration', /A=/);
    await refuses(client, 'launch', { program, console: 'x' }, 'debug-configuration', /console/);
    const inTerminal = { program, cwd: '/', console: 'integratedTerminal' };
    client.answers.set('runInTerminal', () => {
      throw new Error('No terminal today.');
    });
    await refuses(client, 'launch', inTerminal, 'debug-configuration', /No terminal today/);
    const without = await initialized(context, { supportsRunInTerminalRequest: false });
    await refuses(without, 'launch', inTerminal, 'debug-configuration', /runInTerminal/);
  });
});

describe('a debug session whose process ends', () => {
  it('says so, lets its threads go and ends, with no exit code that nobody knows', async (context) => {
    skipUnless(context, 'ioUring');
    const victim = await startVictim(context, actor('root'), 'ring_victim', ['pipe-read']);
    const client = startAdapter(context, actor('root'));
    await attach(client, { pid: victim.pid, interval: 0.2 });
    await client.continueRequest({ threadId: victim.pid });
    victim.release();
    await client.event('terminated');
    expect(client.events('exited')).toEqual([]);
    const said = client.events<DebugProtocol.OutputEvent>('output').map(({ body }) => body.output);
    const last = said.find((text) => text.includes(`${victim.pid}`) && /ended|gone/.test(text));
    expectSentence(last?.trim() ?? '');
    await refuses(client, 'pause', { threadId: victim.pid }, 'debug-unknown', /has ended/);
    await client.disconnectRequest();
    expect(await client.ended).toBe(0);
  });
});
