import assert from 'node:assert/strict';
import { startVictim } from '../editor/victims.mjs';

/** Palette, picker and tree without a mouse, and what a screen reader reads there. */
export const story = {
  name: 'By keyboard alone',

  async prepare(stage) {
    stage.stuck = await startVictim('ring_victim', 'fifo-open');
    stage.release(stage.stuck.stop);
  },

  steps: [
    [
      'the picker reads each process with its number',
      async (workbench, { stuck }) => {
        await workbench.palette('Inspect io_uring');
        await workbench.page.keyboard.press('Enter');
        await workbench.until('the picker', async () => (await workbench.pickable()).length > 0);
        await workbench.type(String(stuck.pid));
        await workbench.until('its row', async () => (await workbench.processRow(stuck.pid).count()) > 0);
        const read = await workbench.quickRows();
        for (const { aria, label } of read.filter(({ label: name }) => name === 'ring_victim'))
          assert.match(aria ?? '', new RegExp(`${label}.*PID \\d+`));
        assert.ok(read.every(({ aria }) => aria && !aria.includes('$(')));
      },
    ],
    [
      'Enter begins, and the keyboard is in the tree',
      async (workbench) => {
        await workbench.page.keyboard.press('Enter');
        await workbench.answer();
        assert.ok(await workbench.until('the keyboard in the tree', () => inTree(workbench)));
      },
    ],
    [
      'what is opened as soon as the answer stands there stays open',
      async (workbench) => {
        await workbench.palette('io_uring Inspector: Show Timeline');
        await workbench.page.waitForTimeout(3000);
        assert.ok(await workbench.find('quickInputBox').isVisible());
        await workbench.escape();
      },
    ],
    [
      'arrows go through the tree, and every row is read in words',
      async (workbench) => {
        await workbench.until('the keyboard in the tree', () => inTree(workbench));
        await workbench.page.keyboard.press('Home');
        const first = await workbench.until('a row with the focus', () => focusedRow(workbench));
        await workbench.page.keyboard.press('ArrowDown');
        await workbench.until('the next one', async () => {
          const row = await focusedRow(workbench);
          return row && row !== first;
        });
        const rows = await workbench.rows();
        assert.ok(rows.length > 3);
        for (const { aria, label } of rows) {
          assert.ok(aria && !aria.includes('$('), `"${label}" is read as "${aria}"`);
          assert.ok(!/^[\s\d]*$/.test(aria), `"${label}" is read as "${aria}"`);
        }
      },
    ],
  ],
};

const inTree = (workbench) =>
  workbench.page.evaluate(() => document.activeElement?.closest('.tree-explorer-viewlet-tree-view') !== null);

/** What is read of the row that has the focus. */
const focusedRow = (workbench) =>
  workbench
    .find('treeRow')
    .evaluateAll((rows) => rows.find((row) => row.classList.contains('focused'))?.getAttribute('aria-label'));
