import assert from 'node:assert/strict';
import { startVictim } from '../editor/victims.mjs';

/** The same picture for those who read dark on light. */
export const story = {
  name: 'In a light theme',
  settings: { 'workbench.colorTheme': 'Default Light Modern' },

  async prepare(stage) {
    stage.stuck = await startVictim('ring_victim', 'fifo-open');
    stage.release(stage.stuck.stop);
  },

  steps: [
    [
      'the tree stands there',
      async (workbench, { stuck }) => {
        await workbench.command('Inspect io_uring');
        await workbench.pick('ring_victim', stuck.pid);
        assert.match(await workbench.find('workbench').first().getAttribute('class'), /(^| )vs( |$)/);
      },
    ],
    [
      'an unfolded row has its rows below it from the start',
      (workbench) =>
        workbench.until(
          'rows below every unfolded row',
          async () => {
            const rows = await workbench.rows();
            const next = (index) => rows[index + 1]?.level ?? 0;
            return rows.every(({ expanded, level }, index) => expanded !== 'true' || next(index) > level);
          },
          6000, // Before the next redraw could mend it.
        ),
    ],
    [
      'the status bar item brings the tree forward',
      async (workbench) => {
        const tree = () => workbench.row('ring_victim').isVisible();
        await workbench.gesture(
          'the explorer',
          () => workbench.page.keyboard.press('Control+Shift+E'),
          async () => !(await tree()),
        );
        await workbench.gesture(
          'the status bar item',
          async () => (await tree()) || workbench.click(workbench.find('statusItem').locator('a').first()),
          tree,
        );
      },
    ],
  ],
};
