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
      'it stands at a pending request, at the line it belongs to, with nothing selected by hand',
      async (workbench) => {
        await workbench.until('the request’s variables', async () => {
          const rows = await workbench.find('variableRow').allInnerTexts();
          return rows.some((text) => /operation.*READ/s.test(text));
        });
        const rows = await workbench.find('callStackRow').allInnerTexts();
        assert.ok(
          rows.some((text) => /^ring 1 .*\bpicture frozen$/is.test(text)),
          rows.join(' | '),
        );
        assert.match(await workbench.find('cursor').innerText(), /Ln 20\b/);
      },
    ],
    [
      'the address of its buffer has the button for its bytes, and the console answers',
      async (workbench) => {
        const address = workbench.find('variableRow').filter({ hasText: /^address =/ });
        await workbench.until('the button for its bytes', async () => {
          await address.hover();
          return address.locator('.codicon-debug-inspect-memory').isVisible();
        });
        await workbench.command('Debug Console: Focus on Debug Console View');
        for (const [asked, answer] of [
          ['pending', /4 requests in flight/],
          ['ring 9', /There is no ring “9”. The rings here: 1\./],
        ])
          await workbench.gesture(
            `“${asked}” in the console`,
            async () => {
              await workbench.click(workbench.page.locator('.repl-input-wrapper .monaco-editor'));
              await workbench.page.keyboard.press('Control+A');
              await workbench.page.keyboard.type(asked);
              await workbench.page.keyboard.press('Escape');
              await workbench.page.keyboard.press('Enter');
            },
            async () =>
              answer.test((await workbench.page.locator('.repl').innerText()).replaceAll('\u00a0', ' ')),
          );
      },
    ],
    [
      'a filter of the breakpoints stops the view, and says why',
      async (workbench, { victim }) => {
        const filter = workbench.page
          .locator('.debug-breakpoints .monaco-list-row')
          .filter({ hasText: 'A request is pending for long' });
        const box = filter.locator('input[type=checkbox], .monaco-checkbox').first();
        await workbench.click(box);
        await workbench.command('Debug: Continue');
        const why = workbench.page.locator('.exception-widget');
        await why.waitFor({ timeout: 30_000 });
        const text = (await why.innerText()).replace(/\s+/g, ' ');
        assert.match(text, /4 requests are pending for more than 10 s; the oldest for/);
        const rows = await workbench.find('callStackRow').allInnerTexts();
        assert.ok(
          rows.some((one) => /Pending > 10 s/i.test(one)),
          rows.join(' | '),
        );
        process.kill(victim.pid, 0);
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
