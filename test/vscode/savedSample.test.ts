import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { COMMANDS } from '../../src/views/ids';
import { api, closeAll, inspect, messages, sampleOf, victim } from './stage';
import type { Test } from './suite';

async function inDirectory(work: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'io-uring-inspector-sample-'));
  try {
    await work(directory);
  } finally {
    await rm(directory, { recursive: true });
    await closeAll();
  }
}

const open = (file: string) =>
  messages(async () => vscode.commands.executeCommand(COMMANDS.openSample, vscode.Uri.file(file)));

export const savedSampleTests: readonly Test[] = [
  {
    name: 'a saved sample opens again with every field as it was, and shows the same tree',
    run: () =>
      inDirectory(async (directory) => {
        const { key } = await inspect(victim('STUCK'));
        await vscode.commands.executeCommand(COMMANDS.pause, { inspection: key });
        const sample = await sampleOf(key);
        // How it goes between two looks stands in no Sample.
        const live = (await api())
          .treeText()
          .replace(/^ {2}Activity\n(?: {4}.*\n)*/m, '')
          .split('\n')
          .slice(1);
        const file = join(directory, 'sample.json');
        const row = { inspection: key };
        await vscode.commands.executeCommand(COMMANDS.saveSample, row, vscode.Uri.file(file));
        assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), JSON.parse(JSON.stringify(sample)));
        await vscode.commands.executeCommand(COMMANDS.stop, row);

        assert.deepEqual(await open(file), []);
        const [saved, ...others] = (await api()).inspections();
        assert.deepEqual(others, []);
        assert.equal(saved?.savedAs, file);
        assert.deepEqual(saved?.snapshot.sample, JSON.parse(JSON.stringify(sample)));
        const [root, ...rows] = (await api()).treeText().split('\n');
        assert.match(root ?? '', /saved/);
        assert.deepEqual(rows, live);
      }),
  },
  ...(
    [
      ['is not JSON', 'hello', /sample/i],
      ['is JSON of something else', '{"a":1}', /sample/i],
      ['comes from a newer version', '{"schema":99}', /newer|update/i],
      ['is empty', '', /sample/i],
    ] as const
  ).map(([what, content, words]) => ({
    name: `a file that ${what} is answered with a message`,
    run: () =>
      inDirectory(async (directory) => {
        const file = join(directory, 'sample.json');
        await writeFile(file, content);
        const [text, ...more] = await open(file);
        assert.match(text ?? '', words);
        assert.deepEqual(more, []);
        assert.deepEqual((await api()).inspections(), []);
      }),
  })),
  {
    name: 'a file that does not exist is answered with a message',
    run: () =>
      inDirectory(async (directory) => {
        const [text] = await open(join(directory, 'none.json'));
        assert.match(text ?? '', /none\.json.*could not be read/);
      }),
  },
  {
    name: 'a place that cannot be written is answered with a message',
    run: () =>
      inDirectory(async (directory) => {
        const { key } = await inspect(victim('STUCK'));
        await writeFile(join(directory, 'file'), '');
        const place = vscode.Uri.file(join(directory, 'file', 'sample.json'));
        const [text] = await messages(async () =>
          vscode.commands.executeCommand(COMMANDS.saveSample, { inspection: key }, place),
        );
        assert.match(text ?? '', /could not be written/);
      }),
  },
];
