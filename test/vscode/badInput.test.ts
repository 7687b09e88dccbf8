import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import * as vscode from 'vscode';
import { COMMANDS } from '../../src/views/ids';
import { alive, api, closeAll, inspect, messages, victim } from './stage';
import { eventually, Skip, type Test } from './suite';

/** A message a user can do something with: sentences, no trace of our insides. */
function assertReadable(text: string | undefined): asserts text is string {
  assert.ok(text, 'no message was shown');
  assert.doesNotMatch(text, /undefined|NaN|\[object|\bat \S+:\d+|Error:/);
  assert.match(text, /\.$/);
  assert.ok(text.split(/\.\s/).length >= 2, `says what, but neither why nor what to do: ${text}`);
}

const attach = (pid: unknown) =>
  messages(async () => vscode.commands.executeCommand(COMMANDS.attachByPid, pid));

async function refused(pid: unknown, words: RegExp): Promise<void> {
  const [text, ...more] = await attach(pid);
  assertReadable(text);
  assert.match(text, words);
  assert.deepEqual(more, []);
  assert.deepEqual((await api()).inspections(), []);
}

export const badInputTests: readonly Test[] = [
  ...['abc', '', '-1', '0', '1.5', '99999999999', '12 34', '$(reboot)'].map((text) => ({
    name: `PID ${JSON.stringify(text)} is refused with a message`,
    run: () => refused(text, /process ID/),
  })),
  {
    name: 'a PID that no process has is answered with a message',
    run: async () => {
      let pid = 4_194_303;
      while (alive(pid)) pid--;
      await refused(pid, new RegExp(String(pid)));
    },
  },
  {
    name: 'a kernel thread is answered with a message',
    run: async () => {
      if (!alive(2)) throw new Skip('kernel threads are not visible in this pid namespace');
      await refused(2, /kernel/i);
    },
  },
  {
    name: 'a zombie is answered with a message',
    run: () => refused(victim('ZOMBIE'), /zombie|ended/i),
  },
  {
    name: 'a process that ends while it is inspected: the last picture stays, and the tree says so',
    run: async () => {
      const pid = victim('DOOMED');
      const { key } = await inspect(pid);
      process.kill(pid, 'SIGKILL');
      await eventually('the process has ended', () => !alive(pid));
      const shown = await messages(async () =>
        vscode.commands.executeCommand(COMMANDS.refresh, { inspection: key }),
      );
      const found = (await api()).inspections().find((inspected) => inspected.key === key);
      assert.equal(found?.snapshot.state, 'ended', JSON.stringify(found?.snapshot.problem));
      assert.equal(found?.snapshot.sample?.process.pid, pid);
      assert.match((await api()).treeText(), /ended/);
      for (const text of shown) assertReadable(text);
      await closeAll();
    },
  },
  {
    name: 'a process that ends while nobody sees the tree is not spoken of in the status bar any more',
    run: async () => {
      await closeAll();
      const pid = victim('LEAVING');
      await inspect(pid);
      const { statusBar } = await api();
      assert.match(statusBar() ?? '', /io_uring: /);
      await vscode.commands.executeCommand('workbench.view.explorer');
      await wait(1000); // A look that was under way may still end.
      process.kill(pid, 'SIGKILL');
      await eventually('the process has ended', () => !alive(pid));
      assert.match(statusBar() ?? '', /io_uring: /);
      await eventually('the status bar says nothing', () => statusBar() === undefined);
      await closeAll();
    },
  },
  {
    name: 'commands about an inspection do nothing worse than ask when there is none',
    run: async () => {
      await closeAll();
      const row = { inspection: 'process-1' };
      for (const command of [
        COMMANDS.refresh,
        COMMANDS.pause,
        COMMANDS.resume,
        COMMANDS.copyAsText,
        COMMANDS.stop,
      ]) {
        assert.deepEqual(await messages(async () => vscode.commands.executeCommand(command, row)), []);
      }
    },
  },
];
