import { existsSync } from 'node:fs';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { describe, expect, it } from 'vitest';
import type { CheckedClient } from '../dap/client';
import { attach, stackOf, startAdapter } from './support/debugging';
import { until } from './support/proc';
import { type SshStage, sshStage } from './support/sshStage';
import { startVictim } from './support/victim';

/** What a configuration has as `host`. */
const WAYS: Readonly<Record<string, (stage: SshStage) => unknown>> = {
  'over SSH': () => 'db1',
  'by a command': ({ there }) => ({
    label: 'box',
    command: ['/usr/bin/setpriv', `--reuid=${there.uid}`, `--regid=${there.gid}`, '--clear-groups'],
  }),
};

/** All places in memory that variables below a reference name; what they say is added to `lines`. */
async function unfold(
  client: CheckedClient,
  reference: number,
  lines: string[],
  depth = 3,
): Promise<string[]> {
  const { variables } = (await client.variablesRequest({ variablesReference: reference })).body;
  const places: string[] = [];
  for (const { name, value, memoryReference, variablesReference } of variables) {
    lines.push(`${name}: ${value}`);
    if (memoryReference !== undefined) places.push(memoryReference);
    if (variablesReference !== 0 && depth > 0)
      places.push(...(await unfold(client, variablesReference, lines, depth - 1)));
  }
  return places;
}

describe('a debug session about a process of another host', () => {
  it.for(Object.entries(WAYS))(
    'shows it %s as it shows one of this machine, and leaves nothing there',
    { timeout: 60_000 },
    async ([, host], context) => {
      const stage = await sshStage(context);
      const victim = await startVictim(context, stage.there, 'ring_victim', ['pipe-read']);
      const client = startAdapter(context, stage.here);
      await attach(client, { pid: victim.pid, host: host(stage) });
      const { body } = await client.event<DebugProtocol.ProcessEvent>('process');
      expect(body).toMatchObject({ systemProcessId: victim.pid, isLocalProcess: false });

      const { threads } = (await client.threadsRequest()).body;
      expect(threads.map(({ id }) => id)).toContain(victim.pid);
      const ring = threads.find(({ name }) => /^ring\b/.test(name));
      const [frame] = await stackOf(client, ring?.id ?? 0);
      const { scopes } = (await client.scopesRequest({ frameId: frame?.id ?? 0 })).body;
      const lines: string[] = [];
      const places: string[] = [];
      for (const { variablesReference } of scopes)
        places.push(...(await unfold(client, variablesReference, lines)));
      expect(lines.join('\n')).toMatch(/READ/);
      const memory = await client.customRequest('readMemory', { memoryReference: places[0], count: 16 });
      const { data = '' } = memory.body as DebugProtocol.ReadMemoryResponse['body'] & object;
      expect(Buffer.from(data, 'base64')).toHaveLength(16);

      expect(stage.leftovers()).not.toEqual([]);
      await client.disconnectRequest();
      expect(await client.ended).toBe(0);
      await until(() => stage.leftovers().length === 0, 'nothing is left on the host');
      expect(existsSync(`/proc/${victim.pid}/fd`)).toBe(true);
    },
  );
});
