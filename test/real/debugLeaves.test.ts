import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { describe, expect, it } from 'vitest';
import type { CheckedClient } from '../dap/client';
import { actor } from './support/actor';
import { descendants, launch, startAdapter } from './support/debugging';
import { statusOf, until } from './support/proc';
import { killGroup, toRelease } from './support/releases';
import type { Running } from './support/victim';

/** Writes more at each beat than a pipe holds, in two ways of which either ends a writer that nobody reads. */
const CHATTER =
  'i=0; while :; do i=$((i+1)); echo "line $i"; echo "error $i" >&2; head -c 100000 /dev/zero | tr "\\0" x; echo $i > beat; sleep 0.1; done';

interface Chatty {
  readonly client: CheckedClient;
  readonly pid: number;
  /** How often it has gone round. */
  beats(): number;
}

async function chatty(context: Running): Promise<Chatty> {
  const directory = mkdtempSync(join(tmpdir(), 'inspect-leaves-'));
  context.onTestFinished(toRelease(() => rmSync(directory, { recursive: true, force: true })));
  const client = startAdapter(context, actor('root'));
  const { body } = await launch(client, { program: '/bin/sh', args: ['-c', CHATTER], cwd: directory });
  const pid = body.systemProcessId ?? 0;
  context.onTestFinished(toRelease(() => killGroup(pid)));
  for (const [category, says] of [
    ['stdout', 'line 1\n'],
    ['stderr', 'error 1\n'],
  ] as const)
    await client.event<DebugProtocol.OutputEvent>(
      'output',
      ({ body: told }) => told.category === category && told.output.includes(says),
    );
  const beats = () => Number(readFileSync(join(directory, 'beat'), 'utf8').trim() || Number.NaN);
  return { client, pid, beats };
}

const LEAVE: Readonly<Record<string, (client: CheckedClient) => unknown>> = {
  disconnects: (client) => client.disconnectRequest({ terminateDebuggee: false }),
  'hangs up': (client) => client.leave(),
  'has its adapter killed': (client) => process.kill(client.pid ?? 0, 'SIGKILL'),
};

describe('a launched program that is left running', () => {
  it.for(Object.entries(LEAVE))('runs on and writes when the client %s', async ([, leave], context) => {
    const { client, pid, beats } = await chatty(context);
    const relays = descendants(client.pid ?? 0).filter(
      (child) => statusOf(child, 'Name') === 'sh' && child !== pid,
    );
    expect(relays).toHaveLength(2);
    await leave(client);
    await client.ended;
    const before = beats();
    await until(() => beats() >= before + 5, 'it goes on');
    expect(statusOf(pid, 'State')).not.toMatch(/^[ZX]/);
    killGroup(pid);
    await until(
      () => relays.every((relay) => !existsSync(`/proc/${relay}`)),
      'its relays have ended with it',
    );
  });
});
