import assert from 'node:assert/strict';
import { startVictim } from '../editor/victims.mjs';

/** A program hangs; its owner opens the editor and wants to know why. */
export const story = {
  name: 'Inspect a stuck process',
  settings: { 'workbench.colorTheme': 'Default Dark Modern', 'ioUringInspector.refreshInterval': 1 },

  async prepare(stage) {
    // The most stuck one last: in the order of PIDs it would not stand first.
    stage.healthy = await startVictim('ring_victim', 'healthy');
    stage.release(stage.healthy.stop);
    stage.waiting = await startVictim('ring_victim', 'fifo-open');
    stage.release(stage.waiting.stop);
    stage.stuck = await startVictim('ring_victim', 'workers-exhausted');
    stage.release(stage.stuck.stop);
    stage.plain = await startVictim('odd', 'zombie');
    stage.release(stage.plain.stop);
  },

  steps: [
    [
      'nothing of ours shows before the first use',
      async (workbench) => {
        assert.equal(await workbench.status(), '');
        assert.equal(await workbench.badge(), '');
        assert.equal(await workbench.find('activity').count(), 1);
      },
    ],
    [
      'the empty view says what it is for and offers the first step',
      async (workbench) => {
        const welcome = () => workbench.find('welcome').isVisible();
        await workbench.gesture(
          'the activity bar',
          async () => (await welcome()) || workbench.click(workbench.find('activity')),
          welcome,
        );
        const text = await workbench.find('welcome').textContent();
        assert.match(text, /io_uring/);
        assert.match(text, /never stopped/);
        const buttons = await workbench.find('welcome').locator('.monaco-button, a').allTextContents();
        assert.ok(
          buttons.some((label) => label.includes('Inspect io_uring')),
          buttons.join(),
        );
      },
    ],
    ['the palette offers Inspect io_uring', (workbench) => workbench.palette('Inspect io_uring')],
    [
      'the picker lists what uses io_uring, the most stuck first',
      async (workbench, { stuck, waiting, plain }) => {
        await workbench.choose('Inspect io_uring');
        const wanted = [stuck, waiting];
        const pids = await workbench.until('both programs with requests', async () => {
          const all = await workbench.pickable();
          return wanted.every(({ pid }) => all.includes(pid)) && all;
        });
        assert.ok(pids.indexOf(stuck.pid) < pids.indexOf(waiting.pid));
        assert.equal(pids.indexOf(plain.pid), -1, 'what has no ring is not listed');
        const text = async ({ pid }) => (await workbench.processRow(pid).textContent()) ?? '';
        assert.match(await text(stuck), /ring_victim.*10 in flight.*workers-exhausted/s);
        assert.match(await text(waiting), /ring_victim.*4 in flight.*fifo-open/s);
      },
    ],
    [
      'typing a name keeps the most stuck first',
      async (workbench, { stuck, waiting, healthy }) => {
        await workbench.type('ring_vic');
        const mine = [stuck, waiting, healthy].map(({ pid }) => pid);
        await workbench.until('all three', async () => {
          const all = await workbench.pickable();
          return mine.every((pid) => all.includes(pid));
        });
        assert.deepEqual(
          (await workbench.pickable()).filter((pid) => mine.includes(pid)),
          mine,
        );
      },
    ],
    [
      'typing filters the list',
      async (workbench, { healthy }) => {
        await workbench.type(String(healthy.pid));
        const rows = await workbench.until('a shorter list', async () => {
          const all = await workbench.quickRows();
          return all.length === 2 && all;
        });
        assert.equal(rows[0].label, 'ring_victim');
        assert.match(rows[0].description, new RegExp(`^PID ${healthy.pid} `));
        assert.match(rows[1].label, /Show all processes/);
      },
    ],
    [
      'show all processes, a button of the title, lists the others too',
      async (workbench, { stuck }) => {
        const offered = workbench.quickRow('Show all processes…');
        await workbench.gesture(
          'the button',
          async () =>
            (await offered.count()) > 0 && workbench.click(workbench.find('quickInputButtons').first()),
          async () => (await offered.count()) === 0,
        );
        await workbench.type('');
        await workbench.until('more processes', async () => (await workbench.quickRows()).length > 5);
        await workbench.type(String(process.pid));
        await workbench.until('this very process', async () =>
          (await workbench.pickable()).includes(process.pid),
        );
        const [{ label }] = await workbench.quickRows();
        assert.match(label, /^node/, 'the name of the program, not of its first thread');
        await workbench.type(String(stuck.pid));
        await workbench.until('the stuck process', async () => (await workbench.pickable())[0] === stuck.pid);
      },
    ],
    [
      'picking it shows the answer as the first thing',
      async (workbench, { stuck }) => {
        const box = workbench.find('quickInputBox');
        await workbench.gesture(
          'picking it',
          async () => (await box.isVisible()) && box.press('Enter'),
          async () => !(await box.isVisible()),
        );
        await workbench.row('ring_victim').waitFor();
        const [root, finding, ...rest] = await workbench.answer();
        assert.equal(root.label, `ring_victim (${stuck.pid})`);
        assert.equal(root.level, 1);
        assert.match(finding.icon, /info|warning|error/);
        assert.match(finding.label, /fifo|open|wait/i);
        assert.match(finding.aria, /^(critical|warning|info): /);
        assert.ok(rest.some(({ label }) => label === 'Rings (1)'));
        const answer = await workbench.find('viewMessage').textContent();
        assert.ok(answer.startsWith(finding.label.slice(0, 30)), answer);
      },
    ],
    [
      'the status bar says that it is stuck',
      async (workbench) => {
        await workbench.until('"stuck"', async () =>
          /^io_uring: (\d+ )?stuck$/.test(await workbench.status()),
        );
      },
    ],
    [
      'the finding unfolds to why, what to do, and where it was seen',
      async (workbench) => {
        const rows = await workbench.rows();
        for (const label of ['Why', 'What to do'])
          assert.ok(
            rows.some((row) => row.label === label),
            label,
          );
        await workbench.unfold('Seen in');
        await workbench.unfold('Seen in', false);
      },
    ],
    [
      'a tooltip explains a row in full',
      async (workbench) => {
        const [, { label }] = await workbench.rows();
        const text = await workbench.tooltip(label.slice(0, 30));
        assert.match(text, /What to do:/);
        await workbench.page.mouse.move(900, 500);
      },
    ],
    [
      'the ring unfolds to its requests',
      async (workbench) => {
        await workbench.unfold(/^ring 1/);
        // Its two requests stand below the row of their state.
        await workbench.unfold(/^2 running in workers/);
        await workbench.until('a request', async () =>
          (await workbench.rows()).some(({ label }) => /OPENAT/.test(label)),
        );
      },
    ],
    [
      'the workers unfold to the kernel function that holds them',
      async (workbench) => {
        await workbench.unfold(/^Rings/, false);
        await workbench.unfold('Blocked threads and workers');
        await workbench.unfold(/^2 × io-wq worker/);
        await workbench.unfold(/^iou-wrk-/);
        await workbench.until('the function, or why it is not told', async () =>
          (await workbench.rows()).some(
            ({ label, description }) => /waits here/.test(description) || /not visible/.test(label),
          ),
        );
      },
    ],
    [
      'the rows stay unfolded, and a tooltip open, while other rows are drawn anew',
      async (workbench) => {
        const before = await workbench.rows();
        const ages = (rows) => rows.map(({ description }) => description).join();
        await workbench.tooltip(before[1].label.slice(0, 30));
        const after = await workbench.until('ages that have gone on', async () => {
          const rows = await workbench.rows();
          return ages(rows) !== ages(before) && rows;
        });
        assert.equal(await workbench.find('hover').count(), 1);
        assert.deepEqual(
          after.map(({ level }) => level),
          before.map(({ level }) => level),
        );
        await workbench.page.mouse.move(900, 500);
      },
    ],
    [
      'pause freezes the picture and says so',
      async (workbench) => {
        await workbench.command('io_uring Inspector: Pause');
        await workbench.until('"paused" in the tree', async () =>
          /paused/.test((await workbench.rows())[0].description),
        );
        await workbench.until('"paused" below', async () => /paused/.test(await workbench.status()));
      },
    ],
    [
      'refresh looks once; resume goes on',
      async (workbench) => {
        await workbench.command('io_uring Inspector: Refresh');
        await workbench.command('io_uring Inspector: Resume');
        await workbench.until(
          'no "paused"',
          async () => !/paused/.test((await workbench.rows())[0].description),
        );
      },
    ],
    [
      'the row offers its commands by mouse',
      async (workbench) => {
        const entries = await workbench.contextMenu('ring_victim');
        for (const wanted of ['Refresh', 'Pause', 'Copy as Text', 'Close Inspection']) {
          assert.ok(
            entries.some((entry) => entry.includes(wanted)),
            `${wanted} in ${entries.join()}`,
          );
        }
      },
    ],
    [
      'copy as text puts the report on the clipboard',
      async (workbench, { stuck }) => {
        await workbench.chooseInMenu('ring_victim', 'Copy as Text');
        const text = await workbench.until('a report on the clipboard', async () => {
          const clipboard = await workbench.page.evaluate('navigator.clipboard.readText()');
          return clipboard.includes(`${stuck.pid}`) && clipboard;
        });
        assert.match(text, /OPENAT/);
      },
    ],
    [
      'every row has words for a screen reader',
      async (workbench) => {
        for (const row of await workbench.rows()) {
          assert.ok(row.aria && !/undefined|\[object/.test(row.aria), `${row.label}: ${row.aria}`);
        }
        assert.ok(
          (await workbench.find('statusItem').locator('a').first().getAttribute('aria-label')).includes(
            'io_uring',
          ),
        );
      },
    ],
    [
      'a process that ends: the last picture stays and says so',
      async (workbench, { stuck }) => {
        await stuck.stop();
        await workbench.until('"ended" in the tree', async () =>
          /ended/.test((await workbench.rows())[0].description),
        );
        await workbench.until('no badge', async () => (await workbench.badge()) === '');
      },
    ],
    [
      'closing it brings the welcome text back',
      async (workbench) => {
        await workbench.command('io_uring Inspector: Close Inspection');
        await workbench.find('welcome').waitFor();
        await workbench.until('no status bar item', async () => (await workbench.status()) === '');
      },
    ],
  ],
};
