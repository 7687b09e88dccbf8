import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe finds wrong in the timeline's page for who sees, hears or steers otherwise: the rule, where, and why. */
export async function barriers(page) {
  const main = await page.locator('main').elementHandle();
  const frame = await main.ownerFrame();
  await frame.evaluate(await readFile(AXE, 'utf8'));
  return frame.evaluate(async () => {
    const { violations, passes } = await globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    if (!passes.some(({ id }) => id === 'color-contrast')) return ['contrasts were not looked at'];
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
    );
  });
}

/** Steps in which nobody is shut out of the timeline of the program `stage.echo`, in the theme that the story has; `kind` = class of the page's body. */
export const openToAll = (kind) => [
  [
    'the timeline has the theme’s colours',
    async (workbench, stage) => {
      await workbench.command('Inspect io_uring');
      await workbench.pick('echo', stage.echo.pid);
      await workbench.command('io_uring Inspector: Show Timeline');
      stage.page = workbench.timeline();
      await workbench.until('looks', async () => (await looks(stage.page)) >= 4);
      const classes = await stage.page.locator('main').evaluate(() => [...document.body.classList]);
      if (!classes.includes(kind)) throw new Error(`The page has ${classes.join(' ')}, not ${kind}`);
    },
  ],
  ...['Show as table', 'Show charts'].map((view) => [
    `nobody is shut out after ${view}`,
    async (workbench, { page }) => {
      await page.getByRole('button', { name: view }).click();
      await workbench.page.waitForTimeout(500);
      const found = await barriers(page);
      if (found.length > 0) throw new Error(found.join('\n'));
    },
  ]),
];

const looks = (page) => page.locator('main').evaluate(() => Number(document.body.dataset.points ?? 0));
