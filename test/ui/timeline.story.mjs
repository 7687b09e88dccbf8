import assert from 'node:assert/strict';
import { barriers } from '../editor/barriers.mjs';
import { startVictim } from '../editor/victims.mjs';

/** How the inspection goes, drawn over time, and the way back from a moment to the tree. */
export const story = {
  name: 'The timeline',
  settings: { 'ioUringInspector.refreshInterval': 0.5, 'workbench.colorTheme': 'Visual Studio Light' },

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
        const frozen = async () => /The tree shows \d\d:\d\d:\d\d/.test(await text(page));
        await workbench.gesture(
          'a click on a moment',
          async () => {
            if (await frozen()) return;
            const { x, y, width, height } = await page.locator('.plot').first().boundingBox();
            await workbench.page.mouse.click(x + width * 0.75, y + height / 2);
          },
          frozen,
        );
        await workbench.until('a frozen tree', async () =>
          (await workbench.rows()).some(({ text: row }) => /paused/.test(row)),
        );
        await page.getByRole('button', { name: 'Resume' }).click();
        await workbench.until('it goes on', async () => !/The tree shows/.test(await text(page)));
      },
    ],
    [
      'dragging looks closer and tells what has changed, and the whole time comes back',
      async (workbench, { page }) => {
        // Between two looks there are points of counters alone.
        await workbench.until('time for some looks', async () => (await ticks(page)) >= 10);
        const before = await ticks(page);
        const closer = async () => (await ticks(page)) < before * 0.6;
        await workbench.gesture(
          'dragging over the charts',
          async () => {
            if (await closer()) return;
            const { x, y, width, height } = await page.locator('.plot').first().boundingBox();
            await workbench.page.mouse.move(x + width * 0.3, y + height / 2);
            await workbench.page.mouse.down();
            await workbench.page.mouse.move(x + width * 0.8, y + height / 2, { steps: 5 });
            await workbench.page.mouse.up();
          },
          closer,
        );
        await workbench.until('what has changed', async () =>
          /What changed in [\d.]+ s, \d\d:\d\d:\d\d to \d\d:\d\d:\d\d .*echo \(\d+\), .* later .*ring \d+ \(fd \d+\): /.test(
            await text(page),
          ),
        );
        await page.getByRole('button', { name: 'Whole time' }).click();
        await workbench.until('the whole', async () => (await ticks(page)) >= before * 0.9);
        assert.doesNotMatch(await text(page), /What changed/);
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
      'the keyboard chooses a range, reaches every button and sees where it is',
      async (workbench, { page }) => {
        const { keyboard } = workbench.page;
        await page.locator('.plots').focus();
        for (let i = 0; i < 3; i++) await keyboard.press('Shift+ArrowLeft');
        await workbench.until('a range', async () =>
          /Range of [\d.]+ s/.test(await page.locator('.hidden-words').innerText()),
        );
        await keyboard.press('Enter');
        await workbench.until('what has changed', async () => /What changed in/.test(await text(page)));
        await keyboard.press('Escape');
        const reached = [];
        for (let i = 0; i < 6; i++) {
          await keyboard.press('Shift+Tab');
          reached.unshift(await page.locator('main').evaluate(focused));
        }
        const buttons = await page.locator('button:enabled').allInnerTexts();
        assert.deepEqual(
          reached.filter(({ name }) => buttons.includes(name)).map(({ name }) => name),
          buttons,
        );
        assert.ok(reached.filter(({ name }) => buttons.includes(name)).every(({ outlined }) => outlined));
        await page.getByRole('button', { name: 'Resume' }).click();
      },
    ],
    [
      'says what looking costs',
      (workbench, { page }) =>
        workbench.until('the cost', async () => /a look takes \d+ ms, at most/.test(await text(page))),
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
    ...['charts', 'table'].map((view) => [
      `nobody is shut out of the ${view}`,
      async (workbench, { page }) => {
        assert.ok((await bodyClasses(page)).includes('vscode-light'));
        const wanted = view === 'table' ? 'Show as table' : 'Show charts';
        const button = page.getByRole('button', { name: wanted });
        if (await button.isVisible()) await button.click();
        await workbench.page.waitForTimeout(500);
        assert.deepEqual(await barriers(page), []);
      },
    ]),
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

const bodyClasses = (page) => page.locator('main').evaluate(() => [...document.body.classList]);

/** Runs in the page: what has the keyboard, and whether it shows. */
function focused() {
  const { activeElement: element } = document;
  return {
    name: element.textContent,
    outlined: element.matches(':focus-visible') && getComputedStyle(element).outlineStyle !== 'none',
  };
}
