import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { startVictim } from '../editor/victims.mjs';

const attach = 'Inspect io_uring: Attach by PID';

/** What a user can get wrong, and what they are told then. */
export const story = {
  name: 'Wrong input',
  settings: { 'workbench.colorTheme': 'Default Dark Modern' },

  async prepare(stage) {
    stage.zombie = await startVictim('odd', 'zombie');
    stage.release(stage.zombie.stop);
    stage.doomed = await startVictim('ring_victim', 'pipe-read');
    stage.release(stage.doomed.stop);
  },

  steps: [
    [
      'a PID that is no number is refused while it is typed',
      async (workbench) => {
        await workbench.command(attach);
        await workbench
          .find('quickInputMessage')
          .filter({ hasText: /Process ID|process ID/ })
          .waitFor();
        await workbench.type('abc');
        await workbench.find('quickInputMessage').filter({ hasText: 'whole number' }).waitFor();
        await workbench.page.keyboard.press('Enter');
        assert.equal(await workbench.find('quickInputBox').isVisible(), true);
        await workbench.escape();
        assert.equal(await workbench.find('toast').count(), 0);
      },
    ],
    [
      'a PID that nobody has is answered with a message and a way on',
      async (workbench) => {
        let pid = 4_194_303;
        while (existsSync(`/proc/${pid}`)) pid--;
        await workbench.command(attach);
        await workbench.type(String(pid));
        await workbench.page.keyboard.press('Enter');
        const { text, buttons } = await workbench.notification(String(pid));
        assert.doesNotMatch(text, /Error:|undefined| at /);
        assert.ok(buttons.includes('Pick Another Process'), buttons.join());
      },
    ],
    [
      'its button opens the picker',
      async (workbench) => {
        const button = workbench
          .find('toast')
          .locator('.monaco-button')
          .filter({ hasText: 'Pick Another Process' });
        await workbench.gesture(
          'its button',
          async () => (await button.count()) > 0 && workbench.click(button),
          async () => (await workbench.find('quickRow').count()) > 0,
        );
        await workbench.escape();
        await workbench.clearNotifications();
      },
    ],
    [
      'a zombie is answered with a message',
      async (workbench, { zombie }) => {
        await workbench.command(attach);
        await workbench.type(String(zombie.pid));
        await workbench.page.keyboard.press('Enter');
        const { text } = await workbench.notification(/zombie|ended/i);
        assert.match(text, new RegExp(String(zombie.pid)));
        await workbench.clearNotifications();
      },
    ],
    [
      'a process that vanishes between list and pick is answered with a message',
      async (workbench, { doomed }) => {
        await workbench.command('Inspect io_uring');
        const row = workbench.processRow(doomed.pid);
        await workbench.type(String(doomed.pid));
        await row.waitFor();
        await doomed.stop();
        await workbench.choosePid(doomed.pid);
        const { text, buttons } = await workbench.notification(String(doomed.pid));
        assert.doesNotMatch(text, /Error:|undefined/);
        assert.ok(buttons.length > 0);
        await workbench.until('no row', async () => (await workbench.find('treeRow').count()) === 0);
      },
    ],
  ],
};
