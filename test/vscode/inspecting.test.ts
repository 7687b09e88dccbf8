import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import * as vscode from 'vscode';
import { COMMANDS, FOCUS_VIEW } from '../../src/views/ids';
import { api, children, closeAll, inspect, newerSample, sampleOf, victim } from './stage';
import { eventually, type Test } from './suite';

const settings = () => vscode.workspace.getConfiguration('ioUringInspector');
const set = (name: string, value: unknown) =>
  settings().update(name, value, vscode.ConfigurationTarget.Global);

export const inspectingTests: readonly Test[] = [
  {
    name: 'nothing of ours runs before the first inspection',
    run: async () => {
      await api();
      assert.deepEqual(
        children().filter((command) => command.includes('probe')),
        [],
      );
    },
  },
  {
    name: 'a stuck process fills the tree: the answer first, then its ring, requests and workers',
    run: async () => {
      const pid = victim('STUCK');
      const { key, snapshot } = await inspect(pid);
      assert.equal(snapshot.state, 'live');
      const sample = await sampleOf(key);
      assert.equal(sample.process.pid, pid);
      assert.equal(sample.rings.length, 1);
      assert.equal(sample.rings[0]?.inFlight, 4);
      assert.equal(sample.tasks.filter(({ kind }) => kind === 'worker').length, 4);
      assert.ok(sample.findings.length > 0);
      const [root, first, ...rest] = (await api()).treeText().split('\n');
      assert.match(root ?? '', new RegExp(`^ring_victim \\(${pid}\\)`));
      assert.ok(first?.includes(sample.findings[0]?.summary.slice(0, 60) ?? 'no finding'), first);
      assert.match(rest.join('\n'), /Rings \(1\)/);
      assert.match(rest.join('\n'), /io-wq worker/);
      assert.match(rest.join('\n'), /OPENAT/);
    },
  },
  {
    name: 'a thread is told with its stack in the program, unless the settings say no',
    run: async () => {
      const { key } = await inspect(victim('STUCK'));
      const functions = async () =>
        (await sampleOf(key)).tasks.flatMap(({ userStack = [] }) => userStack.map((frame) => frame.function));
      await eventually('the stack of the program', async () => (await functions()).includes('main'));
      assert.match((await api()).treeText(), /^ +main\b/m);
      try {
        await set('sources.enabled', false);
        await vscode.commands.executeCommand(COMMANDS.refresh, { inspection: key });
        assert.deepEqual(await functions(), []);
      } finally {
        await set('sources.enabled', undefined);
      }
    },
  },
  {
    name: 'a finding leads to its page, and no tag to any other file',
    run: async () => {
      const previews = () =>
        vscode.window.tabGroups.all
          .flatMap(({ tabs }) => tabs)
          .filter(
            ({ input }) =>
              input instanceof vscode.TabInputWebview && input.viewType.endsWith('markdown.preview'),
          );
      await vscode.commands.executeCommand(COMMANDS.learnMore, '../../package');
      assert.deepEqual(previews(), []);
      await vscode.commands.executeCommand(COMMANDS.learnMore, 'waits-for-peer');
      const [page] = await eventually('the preview of the page', () => previews().length > 0 && previews());
      assert.match(page?.label ?? '', /waits-for-peer/);
      await vscode.window.tabGroups.close(previews());
    },
  },
  {
    name: 'inspecting the same process again adds no second row',
    run: async () => {
      await inspect(victim('STUCK'));
      assert.equal((await api()).inspections().length, 1);
    },
  },
  {
    name: 'a healthy process has nothing that is critical',
    run: async () => {
      const { key } = await inspect(victim('HEALTHY'));
      const { findings } = await sampleOf(key);
      assert.deepEqual(
        findings.filter(({ severity }) => severity !== 'info'),
        [],
      );
      await vscode.commands.executeCommand(COMMANDS.stop, { inspection: key });
      assert.equal((await api()).inspections().length, 1);
    },
  },
  {
    name: 'it looks again on the interval of the settings, and not when auto-refresh is off',
    run: async () => {
      const { key } = await inspect(victim('STUCK'));
      await vscode.commands.executeCommand(FOCUS_VIEW);
      try {
        await set('refreshInterval', 0.5);
        const first = await sampleOf(key);
        const second = await newerSample(await api(), key, first);
        await newerSample(await api(), key, second);
        await set('autoRefresh', false);
        await wait(1000); // One that was under way may still end.
        const last = await sampleOf(key);
        await wait(1500);
        assert.equal(await sampleOf(key), last);
        await vscode.commands.executeCommand(COMMANDS.refresh, { inspection: key });
        assert.notEqual(await sampleOf(key), last);
      } finally {
        await set('refreshInterval', undefined);
        await set('autoRefresh', undefined);
      }
    },
  },
  {
    name: 'pause freezes the picture, resume takes a new one',
    run: async () => {
      const { key } = await inspect(victim('STUCK'));
      try {
        await set('refreshInterval', 0.5);
        await vscode.commands.executeCommand(COMMANDS.pause, { inspection: key });
        await wait(1000);
        const frozen = await sampleOf(key);
        await wait(1500);
        assert.equal(await sampleOf(key), frozen);
        assert.match((await api()).treeText(), /paused/);
        await vscode.commands.executeCommand(COMMANDS.resume, { inspection: key });
        await newerSample(await api(), key, frozen);
        assert.doesNotMatch((await api()).treeText(), /paused/);
      } finally {
        await set('refreshInterval', undefined);
      }
    },
  },
  {
    name: 'copy as text puts the report on the clipboard',
    run: async () => {
      const pid = victim('STUCK');
      const { key } = await inspect(pid);
      await vscode.env.clipboard.writeText('');
      await vscode.commands.executeCommand(COMMANDS.copyAsText, { inspection: key });
      const text = await vscode.env.clipboard.readText();
      assert.match(text, new RegExp(String(pid)));
      assert.match(text, /OPENAT/);
    },
  },
  {
    name: 'closing the last inspection ends the probe',
    run: async () => {
      await inspect(victim('STUCK'));
      assert.equal(children().filter((command) => command.includes('probe')).length, 1);
      await closeAll();
      assert.deepEqual((await api()).inspections(), []);
      assert.equal((await api()).treeText(), '');
      await eventually('the probe has ended', () =>
        children().every((command) => !command.includes('probe')),
      );
    },
  },
];
