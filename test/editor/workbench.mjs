/** The editor as a user has it before them: one page, and what a user does and sees in it. */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { root } from './install.mjs';
import { selectors } from './selectors.mjs';

/** Screenshots go here; the folder is git-ignored and kept as an artefact of CI. */
export const artifacts = path.join(root, 'test/artifacts');

/** Where the editor shows `folder`, with `file` (or `file:line`) open. */
export function address(server, { folder, file } = {}) {
  const query = new URLSearchParams(folder ? { folder } : { ew: 'true' });
  if (file) {
    const payload = [
      ['openFile', `vscode-remote://${server.authority}${file}`],
      ['gotoLineMode', 'true'],
    ];
    query.set('payload', JSON.stringify(payload));
  }
  return `${server.url}?${String(query).replaceAll('%2F', '/')}`;
}

/** How often a gesture is made before it counts as without effect. */
const GESTURES = 6;
/** Milliseconds in which what a gesture needs must stand there, and those its effect is given, times the tries so far. */
const REACH = 5000;
const PATIENCE = 2000;

const oneLine = (text) => (text ?? '').replace(/\s+/g, ' ').trim();

export class Workbench {
  constructor(page, folder) {
    this.page = page;
    this.folder = folder;
    this.pictures = 0;
  }

  /**
   * Opens the editor and waits until it can be used. `folder` and `file` = what it shows, `shots` = folder of the
   * pictures below test/artifacts, `scale` = pixels of a picture for one of the page.
   */
  static async open(
    browser,
    server,
    { folder, file, shots = 'window', scale = 1, width = 1280, height = 800 } = {},
  ) {
    const context = await browser.newContext({
      viewport: { width, height },
      deviceScaleFactor: scale,
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const page = await context.newPage();
    const workbench = new Workbench(page, path.join(artifacts, shots));
    await rm(workbench.folder, { recursive: true, force: true });
    await page.goto(address(server, { folder, file }));
    await page.locator(selectors.statusBar).first().waitFor({ timeout: 60_000 });
    // Only then the palette knows the commands of extensions.
    await page.locator(selectors.activity).waitFor({ timeout: 60_000 });
    return workbench;
  }

  /** The timeline's page, within the two frames that the editor puts around it. */
  timeline() {
    return this.page.frameLocator(selectors.webview).frameLocator(selectors.webviewPage);
  }

  find(name) {
    return this.page.locator(selectors[name]);
  }

  /** Saves a picture under a numbered name. */
  async picture(name) {
    await mkdir(this.folder, { recursive: true });
    const number = String(++this.pictures).padStart(2, '0');
    await this.page.waitForTimeout(300); // What fades in or out is done then.
    const file = path.join(this.folder, `${number}-${name.replace(/[^\w]+/g, '-').slice(0, 60)}.png`);
    await this.page.screenshot({ path: file });
    return file;
  }

  /**
   * Makes a gesture and looks for its effect; answers it. The editor loses a gesture when it redraws what is pointed at, so
   * one without effect is made anew, as a user does; `act` does nothing where the first one only is slow to take effect.
   */
  async gesture(what, act, effect) {
    let cause;
    for (let made = 1; made <= GESTURES; made++) {
      try {
        await act();
        const seen = await this.soon(effect, PATIENCE * made);
        if (seen) return seen;
      } catch (error) {
        cause = error;
      }
    }
    throw new Error(`Tried ${GESTURES} times without effect: ${what}`, { cause });
  }

  /** Clicks what is there; `gesture` says what came of it. */
  click(locator, options = {}) {
    return locator.click({ timeout: REACH, ...options });
  }

  /** Opens the palette and types; answers once the wanted entry stands there. */
  palette(title) {
    return this.gesture(
      `"${title}" in the palette`,
      async () => {
        // An open palette does not learn of commands that have become possible meanwhile.
        await this.page.keyboard.press('Escape');
        await this.page.keyboard.press('F1');
        await this.find('quickInputBox').fill(`>${title}`, { timeout: REACH });
      },
      async () => (await this.quickRow(title).count()) > 0,
    );
  }

  /** Runs a command as a user does: palette, type, pick. */
  async command(title) {
    await this.palette(title);
    await this.choose(title);
  }

  /** Chooses the entry that `palette` has found. */
  choose(title) {
    const box = this.find('quickInputBox');
    const gone = async () => !(await box.isVisible()) || !(await box.inputValue()).startsWith('>');
    return this.gesture(
      `the command "${title}"`,
      async () => (await gone()) || this.click(this.quickRow(title).first()),
      gone,
    );
  }

  /** Closes what floats above the workbench. */
  escape() {
    return this.gesture(
      'closing what floats',
      () => this.page.keyboard.press('Escape'),
      async () => !(await this.find('quickInput').isVisible()),
    );
  }

  /** The quick pick's row with exactly this label. */
  quickRow(label) {
    const exact = this.page.locator(selectors.quickRowLabel).filter({ hasText: exactly(label) });
    return this.find('quickRow').filter({ has: exact });
  }

  /** The rows of the open quick pick, from the top. */
  quickRows() {
    return this.find('quickRow').evaluateAll(readRows, {
      label: selectors.quickRowLabel,
      description: selectors.quickRowDescription,
    });
  }

  /** The process picker's row of this process. */
  processRow(pid) {
    const described = this.page
      .locator(selectors.quickRowDescription)
      .filter({ hasText: new RegExp(`\\bPID ${pid}\\b`) });
    return this.find('quickRow').filter({ has: described });
  }

  /** The PIDs of the process picker's rows, from the top. */
  async pickable() {
    const pids = (await this.quickRows()).map(({ description }) => /^PID (\d+)/.exec(description)?.[1]);
    return pids.filter(Boolean).map(Number);
  }

  /** Chooses a process in the open picker. */
  choosePid(pid) {
    const box = this.find('quickInputBox');
    const closed = async () => !(await box.isVisible());
    let typed = false;
    return this.gesture(
      `process ${pid} in the picker`,
      async () => {
        if (typed && (await closed())) return;
        // A long list is only drawn as far as it can be seen.
        await box.fill(String(pid), { timeout: REACH });
        typed = true;
        await this.click(this.processRow(pid));
      },
      closed,
    );
  }

  /** Picks a process from the open picker and waits until its answer stands in the tree. */
  async pick(name, pid) {
    await this.choosePid(pid);
    await this.row(name).waitFor();
    return this.answer();
  }

  /** The tree's rows as soon as there are some below the first. */
  answer() {
    return this.until('rows below the first', async () => {
      const rows = await this.rows();
      return rows[1]?.level > rows[0]?.level && rows;
    });
  }

  /** Types into the open quick pick or input box, which may just be taking the place of another. */
  type(text) {
    const box = this.find('quickInputBox');
    return this.gesture(
      `"${text}" typed`,
      () => box.fill(text, { timeout: REACH }),
      async () => (await box.inputValue({ timeout: REACH })) === text,
    );
  }

  /** The tree's visible rows, from the top. */
  rows() {
    return this.find('treeRow').evaluateAll(readRows, {
      label: selectors.treeRowLabel,
      description: selectors.treeRowDescription,
      icon: selectors.treeRowIcon,
    });
  }

  /** The first row of the tree whose label holds `text` or matches the pattern. */
  row(text) {
    const label = this.page.locator(selectors.treeRowLabel).filter({ hasText: text });
    return this.find('treeRow').filter({ has: label }).first();
  }

  /** Unfolds a row, or folds it (`open` = false). */
  async unfold(text, open = true) {
    const row = this.row(text);
    const stands = async () => (await row.getAttribute('aria-expanded', { timeout: REACH })) === String(open);
    await row.waitFor();
    await this.gesture(
      `${open ? 'unfolding' : 'folding'} ${text}`,
      async () => (await stands()) || this.click(row.locator(selectors.treeRowTwistie)),
      // A click that took effect late may have been followed by one that undid it.
      async () => (await stands()) && (!open || hasRowsBelow(await this.rows(), text)),
    );
  }

  /** Points at a row and answers the text of the tooltip. */
  tooltip(text) {
    const hover = this.find('hover').last();
    const row = this.row(text);
    return this.gesture(
      `the tooltip of ${text}`,
      async () => {
        // Not Locator.hover: it would scroll a long label inside its row.
        const icon = row.locator(selectors.treeRowIcon).first();
        const { x, y, height } = await icon.boundingBox({ timeout: REACH });
        await this.page.mouse.move(700, 500);
        await this.page.mouse.move(x + 40, y + height / 2, { steps: 3 });
      },
      async () => {
        const words = oneLine((await hover.allInnerTexts()).join(' '));
        // Until it has been made the editor says so in its place.
        return words !== 'Loading...' && words;
      },
    );
  }

  /** Opens the row's context menu and answers its entries. */
  contextMenu(text) {
    const entries = async () => (await this.find('menu').allInnerTexts()).map(oneLine);
    return this.gesture(
      `the menu of ${text}`,
      async () => (await this.isMenuOpen()) || this.click(this.row(text), { button: 'right' }),
      async () => (await this.isMenuOpen()) && entries(),
    );
  }

  /** Chooses an entry of the row's context menu, which may be open already. */
  chooseInMenu(text, entry) {
    return this.gesture(
      `"${entry}" in the menu of ${text}`,
      async () => {
        await this.contextMenu(text);
        // A menu ignores a button that comes up as soon as it is open.
        await this.click(this.find('menu').filter({ hasText: entry }).first(), { delay: 300 });
      },
      async () => !(await this.isMenuOpen()),
    );
  }

  async isMenuOpen() {
    return (await this.find('menu').count()) > 0;
  }

  /** Waits for a notification that matches; answers its text and buttons. */
  async notification(pattern, timeout = 30_000) {
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

  /** Tries `look` until it answers something true. */
  async until(what, look, timeout = 30_000) {
    const answer = await this.soon(look, timeout);
    if (answer) return answer;
    throw new Error(`Not seen within ${timeout / 1000} s: ${what}`);
  }

  /** The first true answer of `look` within so many milliseconds, or its last. */
  async soon(look, timeout) {
    const deadline = Date.now() + timeout;
    for (;;) {
      const answer = await look();
      if (answer || Date.now() > deadline) return answer;
      await this.page.waitForTimeout(100);
    }
  }

  async close() {
    await this.page.context().close();
  }
}

/** A row is drawn as unfolded before it has its rows. */
function hasRowsBelow(rows, text) {
  const index = rows.findIndex(({ label }) =>
    text instanceof RegExp ? text.test(label) : label.includes(text),
  );
  return index >= 0 && rows[index + 1]?.level > rows[index].level;
}

function exactly(text) {
  return new RegExp(`^\\s*${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\s*$`);
}

/** Runs in the page, in one go, because the editor redraws its lists at any time. */
function readRows(rows, places) {
  const text = (element) => (element?.textContent ?? '').replace(/\s+/g, ' ').trim();
  return rows
    .map((row) => ({
      index: Number(row.dataset.index),
      label: text(row.querySelector(places.label)),
      description: text(row.querySelector(places.description)),
      text: text(row),
      aria: row.getAttribute('aria-label'),
      level: Number(row.getAttribute('aria-level')),
      expanded: row.getAttribute('aria-expanded') ?? undefined,
      icon: /codicon-(?!colored)[\w-]+/.exec(
        places.icon ? row.querySelector(places.icon)?.className : '',
      )?.[0],
    }))
    .sort((a, b) => a.index - b.index);
}
