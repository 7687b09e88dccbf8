import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { debuggee, startVictim } from '../editor/victims.mjs';

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
    stage.victim = await startVictim('ring_victim', 'fifo-open');
    stage.release(stage.victim.stop);
    const beside = { type: 'io_uring', request: 'attach', name: 'Beside', pid: stage.victim.pid };
    const launch = JSON.stringify({ version: '0.2.0', configurations: [configuration, beside] });
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
      'beside a session of ours it stays, and menus know the frames of the one that is not focused',
      async (workbench, { victim }) => {
        await fold(workbench, 'Pending I/O', false);
        await fold(workbench, 'Call Stack', true);
        await startConfigured(workbench, 'Beside');
        const worker = row(workbench, /^io-wq worker/);
        await workbench.until('our session', async () => (await row(workbench, /^Beside/).count()) > 0);
        await open(workbench, row(workbench, /^Debuggee/), row(workbench, /^Thread #1/));
        await open(workbench, row(workbench, /^Thread #1/), row(workbench, /^tick/));
        await open(workbench, row(workbench, /^Beside/), worker);
        await open(workbench, worker, row(workbench, /^\w+\+0x/));
        await workbench.gesture(
          'the focus on the other',
          () => workbench.click(row(workbench, /^tick/)),
          async () => row(workbench, /^tick/).evaluate((one) => one.classList.contains('selected')),
        );
        const entries = await menuOf(workbench, row(workbench, /^\w+\+0x/));
        assert.ok(entries.includes('Go to Kernel Source'), entries.join(' | '));
        await workbench.gesture(
          'the menu closed',
          () => workbench.page.keyboard.press('Escape'),
          async () => !(await workbench.isMenuOpen()),
        );
        await menuOf(workbench, row(workbench, /^tick/));
        await workbench.click(workbench.find('menu').filter({ hasText: 'Go to Kernel Source' }), {
          delay: 300,
        });
        const { text } = await workbench.notification(/frames of the session/);
        assert.match(text, /“Debuggee” are the program’s own/);
        await workbench.clearNotifications();
        await workbench.gesture(
          'the focus on ours',
          () => workbench.click(row(workbench, /^\w+\+0x/)),
          async () => row(workbench, /^\w+\+0x/).evaluate((one) => one.classList.contains('selected')),
        );
        assert.equal(await workbench.page.locator(VIEW).count(), 1);
        await workbench.command('Debug: Disconnect');
        await workbench.until('our end', async () => (await row(workbench, /^Beside/).count()) === 0);
        await fold(workbench, 'Call Stack', false);
        await fold(workbench, 'Pending I/O', true);
        process.kill(victim.pid, 0);
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

/** A row of the Call Stack. */
function row(workbench, text) {
  return workbench.find('callStackRow').filter({ hasText: text }).first();
}

/** Unfolds a row of the Call Stack until one of those below it can be seen. */
function open(workbench, above, below) {
  return workbench.gesture(
    'a row unfolded',
    async () => {
      if ((await above.getAttribute('aria-expanded')) !== 'true')
        await workbench.click(above.locator('.monaco-tl-twistie'));
    },
    async () => (await below.count()) > 0,
  );
}

function menuOf(workbench, one) {
  return workbench.gesture(
    'a menu of the Call Stack',
    async () => (await workbench.isMenuOpen()) || workbench.click(one, { button: 'right' }),
    async () => (await workbench.isMenuOpen()) && workbench.find('menu').allInnerTexts(),
  );
}

function startConfigured(workbench, name) {
  return workbench.gesture(
    `the start of ${name}`,
    async () => {
      await workbench.page.keyboard.press('Control+P');
      await workbench.type(`debug ${name}`);
      await workbench.click(workbench.quickRow(name).first());
    },
    async () => !(await workbench.find('quickInput').isVisible()),
  );
}

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
