import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { History } from '../../src/inspect/history';
import type { HistoryPoint } from '../../src/model/history';
import type { FromPage, Shown, ToPage } from '../../src/model/timeline';
import { timelineHtml } from '../../src/views/timelineHtml';
import { ToldPoints } from '../../src/views/timelinePoints';
import { ringOf, sampleOf } from '../unit/samples';
import { CHECKOUT } from './support/programs';

const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
const missing = existsSync(CHROMIUM) ? undefined : 'needs Chromium (apt-get install chromium)';
const ORIGIN = 'http://timeline.test';
/** Some of the editor's. */
const COLORS =
  ':root { --vscode-charts-blue: #06c; --vscode-charts-green: #080; --vscode-charts-orange: #c60; --vscode-charts-purple: #60c; --vscode-charts-yellow: #880; --vscode-charts-red: #c00 }';
const LONG = 'a-name-without-a-place-to-break-it/'.repeat(12);

let browser: Browser;
beforeAll(async () => {
  if (!missing) browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
});
afterAll(() => browser?.close());

/** What went wrong in a page, and what it has told. */
interface Seen {
  readonly wrong: string[];
  told(): Promise<FromPage[]>;
}

/** The page under its own policy, as the editor serves it. */
async function opened(width = 1280): Promise<{ page: Page } & Seen> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  const wrong: string[] = [];
  page.on('console', (message) => wrong.push(message.text()));
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('requestfailed', (request) => wrong.push(`not loaded: ${request.url()}`));
  await page.route('**/*', (route) => {
    const { pathname } = new URL(route.request().url());
    if (pathname === '/') return route.fulfill({ contentType: 'text/html', body: html() });
    const file = join(CHECKOUT, 'dist', pathname);
    if (pathname === '/timeline.css')
      return route.fulfill({ contentType: 'text/css', body: `${COLORS}\n${readFileSync(file, 'utf8')}` });
    return existsSync(file)
      ? route.fulfill({ contentType: 'text/javascript', body: readFileSync(file) })
      : route.abort();
  });
  await page.addInitScript(
    'told = []; acquireVsCodeApi = () => ({ postMessage: (one) => told.push(one), getState() {}, setState() {} })',
  );
  await page.goto(ORIGIN);
  return { page, wrong, told: () => page.evaluate<FromPage[]>('told') };
}

function html(): string {
  const parts = {
    script: '/timeline.js',
    style: '/timeline.css',
    source: ORIGIN,
    nonce: 'abc',
    language: 'en',
  };
  return timelineHtml(parts);
}

async function tell(page: Page, ...messages: ToPage[]): Promise<void> {
  await page.evaluate(
    `for (const data of ${JSON.stringify(messages)}) window.dispatchEvent(new MessageEvent('message', { data }))`,
  );
}

const drawnPoints = (page: Page) => page.evaluate<number>('Number(document.body.dataset.points ?? 0)');

const drawn = (page: Page, count: number) =>
  expect.poll(() => drawnPoints(page), { timeout: 10_000 }).toBe(count);

function point(second: number, rings = 1): HistoryPoint {
  return {
    at: 1_700_000_000_000 + second * 1000,
    span: 1,
    rings: Array.from({ length: rings }, (_, index) => ({
      id: index + 1,
      inFlight: (second + index) % 50,
      states: { polling: (second + index) % 50 },
      submitted: 10,
      completed: 9,
      unreaped: second % 7,
      overflowed: 0,
    })),
    oldest: second % 60,
    stuck: 0,
    workers: { busy: 1, all: 2 },
    devices: [{ name: LONG, inFlight: 3 }],
  };
}

const points = (count: number, rings?: number): ToPage => ({
  kind: 'points',
  whole: true,
  points: Array.from({ length: count }, (_, second) => point(second, rings)),
});

const shown: ToPage & { shown: Shown } = {
  kind: 'shown',
  shown: {
    title: LONG,
    state: 'live',
    at: 1_700_000_000_000,
    answer: LONG,
    severity: 'critical',
    lanes: [{ label: `READ ${LONG}`, place: LONG, state: 'running', age: 100, atLeast: true }],
    more: 7,
  },
};

describe.skipIf(missing !== undefined)(`the timeline’s page in a browser (${missing ?? 'is here'})`, () => {
  it('breaks its policy nowhere, whatever is done, and says nothing on the console', async () => {
    const { page, wrong, told } = await opened();
    await tell(page, shown, points(300), {
      kind: 'change',
      change: { from: 0, to: 9000, text: 'ring 1: more' },
    });
    await drawn(page, 300);
    const { x, y, width } = (await page.locator('.plot').first().boundingBox()) ?? { x: 0, y: 0, width: 0 };
    await page.mouse.move(x + width * 0.3, y + 20);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.6, y + 20, { steps: 4 });
    await page.mouse.up();
    await page.locator('.plots').focus();
    for (const key of ['ArrowLeft', '+', 'PageUp', 'Enter', 'Escape']) await page.keyboard.press(key);
    for (const name of ['In flight by ring', 'Save picture…', 'Show as table', 'Show charts', 'Pause'])
      await page.getByRole('button', { name }).click();
    await page.evaluate(`document.body.className = 'vscode-high-contrast'`);
    await page.waitForTimeout(300);
    expect(wrong).toEqual([]);
    const all = await told();
    expect(all.map(({ kind }) => kind)).toEqual(['ready', 'select', 'select', 'picture', 'pause']);
    expect(all[1]).toMatchObject({ at: expect.any(Number), from: expect.any(Number) });
    await page.close();
  });

  it('saves all its charts as a picture', async () => {
    const { page, told } = await opened();
    await tell(page, shown, points(300));
    await drawn(page, 300);
    await page.getByRole('button', { name: 'Save picture…' }).click();
    const png = (await told()).flatMap((one) =>
      one.kind === 'picture' ? [Buffer.from(one.png, 'base64')] : [],
    )[0];
    expect(png?.subarray(1, 4).toString()).toBe('PNG');
    const charts = await page.locator('.chart').count();
    expect(charts).toBe(6);
    expect(png?.readUInt32BE(20)).toBeGreaterThan(charts * 110);
    // Each chart has colours of its own in it, also those that were out of sight.
    expect(await coloured(page, png ?? Buffer.alloc(0), charts)).not.toContain(0);
    await page.close();
  });

  it('is no wider than it is, with a hundred rings and names that do not end', async () => {
    const { page } = await opened(420);
    await tell(page, shown, points(60, 100));
    await drawn(page, 60);
    await page.getByRole('button', { name: 'In flight by ring' }).click();
    await page.waitForTimeout(300);
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
    await page.close();
  });

  it('draws nothing while nobody sees it, and then all that has come', async () => {
    const { page } = await opened();
    await tell(page, points(5));
    await drawn(page, 5);
    await page.evaluate(
      `Object.defineProperty(document, 'visibilityState', { get: () => 'hidden', configurable: true })`,
    );
    for (let second = 5; second < 10; second++) {
      await tell(page, { kind: 'points', whole: false, points: [point(second)] });
      await page.waitForTimeout(150);
    }
    expect(await drawnPoints(page)).toBe(5);
    await page.evaluate(
      `delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'))`,
    );
    await drawn(page, 10);
    await page.close();
  });

  it('moves nothing by itself', async () => {
    const { page } = await opened();
    await tell(page, shown, points(60));
    await drawn(page, 60);
    const moving = await page.evaluate(
      `document.getAnimations().length + [...document.querySelectorAll('body *')].filter((one) =>
        !/^(0s(, )?)+$/.test(getComputedStyle(one).transitionDuration)).length`,
    );
    expect(moving).toBe(0);
    await page.close();
  });

  it('takes no more memory after ten hours than after three', async () => {
    const { page } = await opened();
    const session = await page.context().newCDPSession(page);
    const heap = async () => {
      await session.send('HeapProfiler.collectGarbage');
      return (await session.send('Runtime.getHeapUsage')).usedSize;
    };
    const history = new History({ points: 2048, rows: 2048 });
    const told = new ToldPoints();
    const sample = sampleOf({ rings: [ringOf()] });
    const sizes: number[] = [];
    for (let hour = 0; hour < 10; hour++) {
      const messages: ToPage[] = [];
      for (let second = hour * 3600; second < (hour + 1) * 3600; second++) {
        const takenAt = new Date(1_700_000_000_000 + second * 1000).toISOString();
        history.add({ ...sample, takenAt, host: { ...sample.host, uptime: second } }, 0.004);
        // The page is told each second, and draws a few of them.
        const news = told.next(history.points);
        if (news) messages.push({ ...news, points: [...news.points] });
      }
      for (let at = 0; at < messages.length; at += 400) {
        await tell(page, ...messages.slice(at, at + 400));
        await page.waitForTimeout(20);
      }
      await drawn(page, history.points.length);
      sizes.push(await heap());
    }
    const [third = 0, last = 0] = [sizes[2], sizes[9]];
    expect(last, `heap by hours: ${sizes.join(' ')}`).toBeLessThan(third * 1.15);
    await page.close();
  });
});

/** For each chart how many pixels of its part of a picture have a colour that is no grey. */
function coloured(page: Page, png: Buffer, charts: number): Promise<number[]> {
  return page.evaluate(
    `(async () => {
      const bytes = Uint8Array.from(atob('${png.toString('base64')}'), (one) => one.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const context = new OffscreenCanvas(image.width, image.height).getContext('2d');
      context.drawImage(image, 0, 0);
      const part = (image.height - 28) / ${charts};
      return Array.from({ length: ${charts} }, (_, chart) => {
        const { data } = context.getImageData(0, 28 + chart * part, image.width, part);
        let count = 0;
        for (let i = 0; i < data.length; i += 4)
          if (Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 40) count++;
        return count;
      });
    })()`,
  );
}
