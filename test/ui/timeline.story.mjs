import assert from 'node:assert/strict';
import { startVictim } from '../editor/victims.mjs';

/** How the inspection goes, drawn over time, and the way back from a moment to the tree. */
export const story = {
  name: 'The timeline',
  settings: { 'ioUringInspector.refreshInterval': 0.5 },

  async prepare(stage) {
    stage.echo = await startVictim('echo', '32');
    stage.release(stage.echo.stop);
  },

  steps: [
    [
      'is opened from the palette and draws what comes',
      async (workbench, stage) => {
        await workbench.command('Inspect io_uring');
        await workbench.pick('echo', stage.echo.pid);
        await workbench.command('io_uring Inspector: Show Timeline');
        stage.page = workbench.timeline();
        await workbench.until('three charts', async () => (await charts(stage.page)).length >= 3);
        await workbench.until('rates of two looks', async () =>
          /completed [\d,.]+\/s/.test(await text(stage.page)),
        );
        assert.deepEqual((await charts(stage.page)).slice(0, 3), [
          'In flight',
          'Requests a second',
          'Oldest pending request',
        ]);
        assert.ok((await drawn(stage.page)) > 100, 'nothing is drawn on the canvas');
      },
    ],
    [
      'lists the pending requests of the moment',
      (workbench, { page }) =>
        workbench.until('a lane', async () =>
          /recv .*socket|accept/i.test((await page.locator('.lane').allInnerTexts()).join()),
        ),
    ],
    [
      'a click shows that moment in the tree, frozen, and Resume goes on',
      async (workbench, { page }) => {
        await workbench.until('some looks', async () => (await looks(page)) >= 6);
        const { x, y, width, height } = await page.locator('.plot').first().boundingBox();
        await workbench.page.mouse.click(x + width * 0.75, y + height / 2);
        await workbench.until('the moment', async () =>
          /The tree shows \d\d:\d\d:\d\d/.test(await text(page)),
        );
        await workbench.until('a frozen tree', async () =>
          (await workbench.rows()).some(({ text: row }) => /paused/.test(row)),
        );
        await page.getByRole('button', { name: 'Resume' }).click();
        await workbench.until('it goes on', async () => !/The tree shows/.test(await text(page)));
      },
    ],
    [
      'dragging looks closer, and the whole time comes back',
      async (workbench, { page }) => {
        const before = await ticks(page);
        const { x, y, width, height } = await page.locator('.plot').first().boundingBox();
        await workbench.page.mouse.move(x + width * 0.5, y + height / 2);
        await workbench.page.mouse.down();
        await workbench.page.mouse.move(x + width * 0.8, y + height / 2, { steps: 5 });
        await workbench.page.mouse.up();
        await workbench.until('a closer look', async () => (await ticks(page)) < before * 0.6);
        await page.getByRole('button', { name: 'Whole time' }).click();
        await workbench.until('the whole', async () => (await ticks(page)) >= before * 0.9);
      },
    ],
    [
      'the keyboard moves the cursor and tells what is there',
      async (workbench, { page }) => {
        await page.locator('.plots').focus();
        await workbench.page.keyboard.press('ArrowLeft');
        await workbench.until('words', async () =>
          /\d\d:\d\d:\d\d\. In flight: /.test(await page.locator('.hidden-words').innerText()),
        );
      },
    ],
    [
      'the same stands in a table',
      async (workbench, { page }) => {
        await page.getByRole('button', { name: 'Show as table' }).click();
        await workbench.until('rows', async () => (await page.locator('.numbers tbody tr').count()) > 3);
        assert.match(await page.locator('.numbers thead').innerText(), /Requests a second: completed/);
        await page.getByRole('button', { name: 'Show charts' }).click();
      },
    ],
  ],
};

const charts = (page) => page.locator('.chart .chart-title').allInnerTexts();
const text = async (page) => (await page.locator('main').innerText()).replaceAll('\n', ' ');
const looks = (page) => page.locator('main').evaluate(() => Number(document.body.dataset.points ?? 0));
/** Seconds between the ends of what is drawn. */
const ticks = (page) => page.locator('main').evaluate(() => Number(document.body.dataset.seconds ?? 0));

/** Pixels of the first chart that are not empty. */
function drawn(page) {
  return page
    .locator('.plot')
    .first()
    .evaluate((canvas) => {
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count++;
      return count;
    });
}
