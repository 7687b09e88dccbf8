import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startHungFileServer, startProgram } from '../editor/victims.mjs';

/** A program of the user's own that is stuck is shown in the debugger, with nothing configured. */
export const story = {
  name: 'In the debugger',
  settings: {
    'workbench.colorTheme': 'Default Dark Modern',
    'debug.toolBarLocation': 'docked',
    'debug.internalConsoleOptions': 'neverOpen',
    'editor.stickyScroll.enabled': false,
  },

  async prepare(stage) {
    const files = await startHungFileServer();
    stage.release(files.stop);
    stage.folder = await mkdtemp(path.join(os.tmpdir(), 'io-uring-inspector-debug-'));
    stage.release(() => rm(stage.folder, { recursive: true }));
    const source = path.join(stage.folder, 'store.c');
    await copyFile(path.join(stage.root, 'test/ui/marks/store.c'), source);
    const victims = path.join(stage.root, 'test/victims');
    const program = path.join(stage.folder, 'store');
    const sources = [source, path.join(victims, 'ring.c'), path.join(victims, 'victim.c')];
    execFileSync('cc', ['-g', '-O0', '-I', victims, '-o', program, ...sources]);
    stage.victim = await startProgram(program, `${files.mount}/hang1`);
    stage.release(stage.victim.stop);
    stage.file = source;
  },

  steps: [
    [
      'F5 asks for the process, with no launch.json',
      async (workbench, { victim }) => {
        await workbench.gesture(
          'the source in an editor',
          async () => {
            await workbench.page.keyboard.press('Control+P');
            await workbench.find('quickInputBox').fill('store.c');
            await workbench.quickRow('store.c').first().click();
          },
          async () => (await workbench.find('editorTab').count()) > 0,
        );
        await workbench.gesture(
          'F5',
          () => workbench.page.keyboard.press('F5'),
          async () => (await workbench.processRow(victim.pid).count()) > 0,
        );
        await workbench.choosePid(victim.pid);
      },
    ],
    [
      'the Call Stack has the ring, with what is pending, and the threads',
      async (workbench, { victim }) => {
        const rows = await workbench.until('the threads', async () => {
          const found = await workbench.find('callStackRow').allInnerTexts();
          return found.some((text) => /ring 1/.test(text)) && found;
        });
        assert.ok(
          rows.some((text) => text.includes(`store (${victim.pid})`)),
          rows.join(' | '),
        );
      },
    ],
    [
      'its variables say what is waited for',
      async (workbench) => {
        const rows = workbench.find('callStackRow');
        const before = await rows.count();
        await workbench.gesture(
          'the ring unfolded',
          () => workbench.click(rows.filter({ hasText: 'ring 1' }).locator('.monaco-tl-twistie')),
          async () => (await rows.count()) > before,
        );
        const variables = workbench.find('variableRow');
        await workbench.gesture(
          'a request selected',
          () => workbench.click(rows.nth(1)),
          async () => (await variables.count()) > 0,
        );
      },
    ],
    [
      'the end of the session leaves the program as it was',
      async (workbench, { victim }) => {
        await workbench.command('Debug: Disconnect');
        await workbench.until('no session', async () => (await workbench.find('callStackRow').count()) === 0);
        process.kill(victim.pid, 0);
      },
    ],
  ],
};
