import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { debuggee } from '../editor/victims.mjs';

const VIEW = '.pane:has(> .pane-header[aria-label^="Pending I/O"])';

/** A program with pending reads is debugged with Debian's lldb-vscode: the sidebar follows it. */
export const story = {
  name: 'In Run and Debug',
  settings: {
    'workbench.colorTheme': 'Default Dark Modern',
    'ioUringInspector.refreshInterval': 1,
    'debug.toolBarLocation': 'docked',
    'debug.openDebug': 'openOnSessionStart',
    'debug.internalConsoleOptions': 'neverOpen',
  },
  others: ['test/vscode/debugger'],

  async prepare(stage) {
    const program = debuggee();
    stage.folder = await mkdtemp(path.join(os.tmpdir(), 'io-uring-inspector-debuggee-'));
    stage.release(() => rm(stage.folder, { recursive: true, force: true }));
    stage.fifo = path.join(stage.folder, 'fifo');
    execFileSync('mkfifo', [stage.fifo]);
    await copyFile(path.join(stage.root, 'test/victims/debuggee.c'), path.join(stage.folder, 'debuggee.c'));
    await mkdir(path.join(stage.folder, '.vscode'));
    const configuration = {
      type: 'lldb-vscode-14',
      request: 'launch',
      name: 'Debuggee',
      program,
      args: [stage.fifo],
      initCommands: ['breakpoint set --name tick'],
    };
    const launch = JSON.stringify({ version: '0.2.0', configurations: [configuration] });
    await writeFile(path.join(stage.folder, '.vscode/launch.json'), launch);
  },

  steps: [
    [
      'the view comes with the session, and says that it is stopped, and what waits for that',
      async (workbench) => {
        await workbench.command('Debug: Start Debugging');
        const view = workbench.page.locator(VIEW);
        await view.waitFor({ timeout: 30_000 });
        // The editor brings a view of an extension folded.
        for (const name of ['Variables', 'Watch', 'Breakpoints', 'Call Stack'])
          await fold(workbench, name, false);
        await fold(workbench, 'Pending I/O', true);
        await view
          .getByText(/is stopped by its debugger/)
          .first()
          .waitFor({ timeout: 30_000 });
        await view
          .getByText(/3 requests pending/)
          .first()
          .waitFor();
      },
    ],
    [
      'a thread leads to the Call Stack',
      async (workbench) => {
        const view = workbench.page.locator(VIEW);
        await unfold(workbench, view, /^2 × thread/);
        await unfold(workbench, view, /^helper \(/);
        await view.getByText('In the Call Stack').first().click();
        await workbench.page.locator('.part.editor .tab[data-resource-name="victim.c"]').waitFor();
      },
    ],
    [
      'it goes with the session',
      async (workbench) => {
        await workbench.command('Debug: Stop');
        await workbench.page.locator(VIEW).waitFor({ state: 'detached', timeout: 30_000 });
        assert.equal(await workbench.page.locator(VIEW).count(), 0);
      },
    ],
  ],
};

/** Unfolds or folds a view. */
async function fold(workbench, name, open) {
  const header = workbench.page.locator(`.pane > .pane-header[aria-label^="${name}"]`).first();
  await workbench.until(`${name} ${open ? 'unfolded' : 'folded'}`, async () => {
    if ((await header.getAttribute('aria-expanded')) === String(open)) return true;
    await header.locator('.title').click();
    await workbench.page.waitForTimeout(300);
    return false;
  });
}

async function unfold(workbench, view, label) {
  const name = workbench.page.locator('.label-name').filter({ hasText: label }).first();
  const row = view.locator('.monaco-list-row').filter({ has: name }).first();
  await workbench.until(`${label} unfolded`, async () => {
    if ((await row.count()) === 0) return false;
    if ((await row.getAttribute('aria-expanded')) === 'true') return true;
    await row.locator('.monaco-tl-twistie').click();
    await workbench.page.waitForTimeout(400);
    return false;
  });
}
