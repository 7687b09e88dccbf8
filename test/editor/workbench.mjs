/** The editor as a user has it before them: one page, and what a user does and sees in it. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { root } from './install.mjs';
import { selectors } from './selectors.mjs';

/** Screenshots go here; the folder is git-ignored and kept as an artefact of CI. */
export const artifacts = path.join(root, 'test/artifacts');

const oneLine = (text) => (text ?? '').replace(/\s+/g, ' ').trim();

export class Workbench {
  constructor(page, folder) {
    this.page = page;
    this.folder = folder;
    this.pictures = 0;
  }

  /** Opens the editor on `folder` and waits until it can be used. `shots` = folder of the pictures. */
  static async open(
    browser,
    server,
    { folder, shots = 'ui', scale = 1, width = 1280, height = 800, clipboard } = {},
  ) {
    const context = await browser.newContext({
      viewport: { width, height },
      deviceScaleFactor: scale,
      ...(clipboard && { permissions: ['clipboard-read', 'clipboard-write'] }),
    });
    const page = await context.newPage();
    const workbench = new Workbench(page, path.join(artifacts, shots));
    await page.goto(folder ? `${server.url}?folder=${encodeURIComponent(folder)}` : `${server.url}?ew=true`);
    await page.locator(selectors.statusBar).first().waitFor({ timeout: 60_000 });
    return workbench;
  }

  find(name) {
    return this.page.locator(selectors[name]);
  }

  /** Saves a picture under a numbered name. */
  async picture(name) {
    await mkdir(this.folder, { recursive: true });
    const number = String(++this.pictures).padStart(2, '0');
    const file = path.join(this.folder, `${number}-${name.replace(/[^\w]+/g, '-').slice(0, 60)}.png`);
    await this.page.screenshot({ path: file });
    return file;
  }

  /** Opens the palette and types; answers once the wanted entry stands there. */
  async palette(title) {
    for (let attempt = 0; ; attempt++) {
      await this.page.keyboard.press('F1');
      try {
        await this.find('quickInputBox').waitFor({ timeout: 3000 });
        break;
      } catch (error) {
        if (attempt > 5) throw error;
      }
    }
    await this.find('quickInputBox').fill(`>${title}`);
    await this.quickRow(title).first().waitFor({ timeout: 15_000 });
  }

  /** Runs a command as a user does: palette, type, pick. */
  async command(title) {
    await this.palette(title);
    await this.quickRow(title).first().click();
  }

  /** Closes what floats above the workbench. */
  async escape() {
    await this.page.keyboard.press('Escape');
    await this.find('quickInput').waitFor({ state: 'hidden' });
  }

  /** The quick pick's row with exactly this label. */
  quickRow(label) {
    const exact = this.page.locator(selectors.quickRowLabel).filter({ hasText: exactly(label) });
    return this.find('quickRow').filter({ has: exact });
  }

  /** The rows of the open quick pick, from the top. */
  async quickRows() {
    const rows = [];
    for (const row of await this.find('quickRow').all()) {
      rows.push({
        label: await textOf(row, selectors.quickRowLabel),
        description: await textOf(row, selectors.quickRowDescription),
        aria: await row.getAttribute('aria-label'),
        text: oneLine(await row.textContent()),
        index: Number(await row.getAttribute('data-index')),
      });
    }
    return rows.sort((a, b) => a.index - b.index);
  }

  /** Types into the open quick pick or input box. */
  async type(text) {
    await this.find('quickInputBox').fill(text);
  }

  /** The tree's visible rows, from the top. */
  async rows() {
    const found = await this.find('treeRow').all();
    const rows = await Promise.all(found.map((row) => describeRow(row)));
    return rows.sort((a, b) => a.index - b.index);
  }

  /** The first row of the tree whose label holds `text` or matches the pattern. */
  row(text) {
    const label = this.page.locator(selectors.treeRowLabel).filter({ hasText: text });
    return this.find('treeRow').filter({ has: label }).first();
  }

  /** Unfolds a row, or folds it (`open` = false). */
  async unfold(text, open = true) {
    const row = this.row(text);
    await row.waitFor();
    if ((await row.getAttribute('aria-expanded')) === String(open)) return;
    await row.locator(selectors.treeRowTwistie).click();
    await this.page
      .locator(`${selectors.treeRow}[aria-expanded="${open}"]`)
      .filter({ hasText: text })
      .first()
      .waitFor();
  }

  /** Points at a row and answers the text of the tooltip. */
  async tooltip(text) {
    await this.page.mouse.move(700, 500);
    await this.row(text).locator(selectors.treeRowLabel).first().hover();
    const hover = this.find('hover').last();
    await hover.waitFor({ timeout: 10_000 });
    return oneLine((await hover.allInnerTexts()).join(' '));
  }

  /** Opens the row's context menu and answers its entries. */
  async contextMenu(text) {
    await this.row(text).click({ button: 'right' });
    await this.find('menu').first().waitFor();
    return (await this.find('menu').allInnerTexts()).map(oneLine);
  }

  /** Waits for a notification that matches; answers its text and buttons. */
  async notification(pattern, timeout = 15_000) {
    const toast = this.find('toast').filter({ hasText: pattern }).first();
    await toast.waitFor({ timeout });
    return {
      text: oneLine(await toast.locator(selectors.toastMessage).first().textContent()),
      buttons: (await toast.locator(selectors.toastButton).allInnerTexts()).map(oneLine),
    };
  }

  async clearNotifications() {
    if ((await this.find('toast').count()) === 0) return;
    await this.command('Notifications: Clear All Notifications');
    await this.find('toast').first().waitFor({ state: 'detached' });
  }

  /** Number on the activity bar's icon, as text; '' where there is none. */
  async badge() {
    const badge = this.find('activity').locator(selectors.activityBadge);
    return (await badge.count()) && (await badge.isVisible()) ? oneLine(await badge.textContent()) : '';
  }

  /** Text of our status bar item; '' where it is not shown. */
  async status() {
    const item = this.find('statusItem').first();
    return (await item.count()) ? oneLine(await item.textContent()) : '';
  }

  /** Tries `look` until it answers something true; the last answer stands in the error. */
  async until(what, look, timeout = 15_000) {
    const deadline = Date.now() + timeout;
    for (;;) {
      const answer = await look();
      if (answer) return answer;
      if (Date.now() > deadline) throw new Error(`Not seen within ${timeout / 1000} s: ${what}`);
      await this.page.waitForTimeout(100);
    }
  }

  async close() {
    await this.page.context().close();
  }
}

function exactly(text) {
  return new RegExp(`^\\s*${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*$`);
}

async function textOf(row, selector) {
  const found = row.locator(selector).first();
  return (await found.count()) ? oneLine(await found.textContent()) : '';
}

async function describeRow(row) {
  return {
    label: await textOf(row, selectors.treeRowLabel),
    description: await textOf(row, selectors.treeRowDescription),
    aria: await row.getAttribute('aria-label'),
    icon: /codicon-(?!colored)[\w-]+/.exec(
      (await row
        .locator(selectors.treeRowIcon)
        .first()
        .getAttribute('class')
        .catch(() => '')) ?? '',
    )?.[0],
    level: Number(await row.getAttribute('aria-level')),
    expanded: (await row.getAttribute('aria-expanded')) ?? undefined,
    index: Number(await row.getAttribute('data-index')),
  };
}
