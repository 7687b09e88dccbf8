import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { EXPORT_FORMATS } from '../../src/views/exportFormats';
import { COMMANDS } from '../../src/views/ids';
import { api, closeAll, inspect, messages, newerSample, sampleOf, victim } from './stage';
import type { Test } from './suite';

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'io-uring-inspector-export-'));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true });
    await closeAll();
  }
}

const exportAs = (key: string, format: string, file: string) =>
  messages(async () =>
    vscode.commands.executeCommand(COMMANDS.exportAs, { inspection: key }, format, vscode.Uri.file(file)),
  );

export const exportingTests: readonly Test[] = [
  {
    name: 'an inspection is exported in each format, as its readers want it',
    run: () =>
      inDirectory(async (directory) => {
        const pid = victim('STUCK');
        const { key } = await inspect(pid);
        const first = await sampleOf(key);
        await vscode.commands.executeCommand(COMMANDS.refresh, { inspection: key });
        await newerSample(await api(), key, first);
        await vscode.commands.executeCommand(COMMANDS.pause, { inspection: key });
        const sample = await sampleOf(key);
        const written: Record<string, string> = {};
        for (const { id, extension } of EXPORT_FORMATS.filter(({ traced }) => !traced)) {
          const file = join(directory, `out.${extension}`);
          assert.deepEqual(await exportAs(key, id, file), []);
          written[id] = await readFile(file, 'utf8');
        }
        assert.equal(written['csv']?.trimEnd().split('\r\n').length, sample.requests.length + 1);
        assert.match(written['stacks'] ?? '', /^ring_victim;.* \d+$/m);
        assert.match(written['metrics'] ?? '', /^io_uring_in_flight\{.*\} 4\n(.*\n)*# EOF\n$/m);
        assert.match(written['report'] ?? '', new RegExp(`${pid}(.*\\n)*.*OPENAT`));
        const { traceEvents } = JSON.parse(written['chrome-trace'] ?? '') as {
          traceEvents: readonly { name: string; ph: string; ts: number }[];
        };
        const counted = traceEvents.filter(({ name, ph }) => ph === 'C' && /in flight/.test(name));
        assert.ok(new Set(counted.map(({ ts }) => ts)).size >= 2, 'the whole history is told, not one look');
      }),
  },
  {
    name: 'an export to a place that cannot be written is answered with a message',
    run: () =>
      inDirectory(async (directory) => {
        const { key } = await inspect(victim('STUCK'));
        await writeFile(join(directory, 'file'), '');
        const [text] = await exportAs(key, 'csv', join(directory, 'file', 'out.csv'));
        assert.match(text ?? '', /could not be written/);
      }),
  },
];
