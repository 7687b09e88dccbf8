// Takes the picture of the README: the demo program inspected in the real editor.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { launchBrowser } from '../editor/browser.mjs';
import { selectors } from '../editor/selectors.mjs';
import { Workbench } from '../editor/workbench.mjs';

/** Inspects process `pid` as a user does and saves the window as `to`. */
export async function takePicture(server, { folder, file, pid, to }) {
  const browser = await launchBrowser();
  try {
    const workbench = await Workbench.open(browser, server, { folder, file, scale: 1.5 });
    const { page } = workbench;
    await workbench.find('editorLines').waitFor();
    await workbench.command('Inspect io_uring');
    await workbench.pick('server', pid);
    await widen(page, 640);
    await workbench.unfold(/^\d+ running in workers/);
    await workbench.unfold(/^\d+ × io-wq worker/);
    await workbench.unfold(/^iou-wrk-/);
    await page.waitForTimeout(2500); // The state of the last look, and no bar of progress.
    await page.mouse.move(1270, 400);
    await mkdir(path.dirname(to), { recursive: true });
    await page.screenshot({ path: to });
  } finally {
    await browser.close();
  }
}

/** Pulls the border of the sidebar to `x`. */
async function widen(page, x) {
  const { x: left, width } = await page.locator(selectors.sidebar).boundingBox();
  await page.mouse.move(left + width, 400);
  await page.waitForTimeout(400); // The border takes the pointer after a moment.
  await page.mouse.down();
  await page.mouse.move(x, 400, { steps: 5 });
  await page.mouse.up();
}
