import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { HistoryPoint } from '../../src/model/history';
import { CHECKOUT } from '../real/support/programs';
import { type Benchmark, median, milliseconds, Skipped } from './figures';

const POINTS = 50_000;
const FRAMES = 60;
/** Milliseconds of one frame at 60 a second. */
const FRAME = 1000 / 60;

const WORK = ['nothing', 'hover', 'pan', 'point'] as const;
type Work = (typeof WORK)[number];

const NAMES: Readonly<Record<Exclude<Work, 'nothing'>, string>> = {
  hover: 'the cursor moves',
  pan: 'zoomed, and moved',
  point: 'a point comes and is drawn',
};

/**
 * The timeline's page in a real browser while it holds 50,000 points: the work of a frame in which the cursor moves, in which the time
 * that is looked at moves, and in which a new point is drawn; beside that of a frame in which nothing happens, in turns.
 */
export const timeline: Benchmark = async ({ rounds }) => {
  const script = join(CHECKOUT, 'dist/timeline.js');
  if (!existsSync(script)) throw new Skipped('needs dist/timeline.js (npm run build)');
  const executablePath = process.env['CHROMIUM'] ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) throw new Skipped('needs Chromium (apt-get install chromium)');
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    await page.setContent('<body class="vscode-dark"></body>');
    await page.addStyleTag({ content: readFileSync(join(CHECKOUT, 'dist/timeline.css'), 'utf8') });
    await page.addScriptTag({
      content: 'acquireVsCodeApi = () => ({ postMessage() {}, getState() {}, setState() {} })',
    });
    await page.addScriptTag({ path: script });
    const all: unknown = { kind: 'points', whole: true, points: points(POINTS) };
    await page.evaluate(`window.postMessage(${JSON.stringify(all)})`);
    await page.waitForFunction(`document.body.dataset.points === '${POINTS}'`);
    const found: Record<Work, number[]> = { nothing: [], hover: [], pan: [], point: [] };
    let from = POINTS;
    for (let round = 0; round < Math.max(1, Math.round(rounds / 3)); round++)
      for (const work of WORK) {
        const times = await page.evaluate<number[]>(`(${FRAMES_CODE})(${FRAMES}, '${work}', ${from})`);
        // The first ones of a page are compiled meanwhile.
        found[work].push(...times.slice(round === 0 ? 5 : 0));
        if (work === 'point') from += FRAMES;
      }
    return [
      ...Object.entries(NAMES).map(([work, name]) => {
        const times = found[work as Work];
        const value = median(times);
        const within = times.filter((time) => time <= FRAME).length / times.length;
        return {
          name: `${name}: work in a frame (${Math.round(within * 100)} % in time)`,
          value: milliseconds(value),
          goal: `< ${FRAME.toFixed(1)} ms (60 a second)`,
          met: value < FRAME,
        };
      }),
      { name: 'the same where nothing comes', value: milliseconds(median(found.nothing)) },
    ];
  } finally {
    await browser.close();
  }
};

/**
 * Runs in the page: milliseconds of work in each of some frames. Callbacks of one frame run in the order they were asked for. A new
 * point is waited for until it is drawn: what counts is the frame that does it.
 */
const FRAMES_CODE = `async (count, work, from) => {
  const times = [];
  const plots = document.querySelector('.plots');
  const key = (name) => plots.dispatchEvent(new KeyboardEvent('keydown', { key: name, cancelable: true }));
  const frame = () => new Promise((resolve) => requestAnimationFrame((start) => resolve(performance.now() - start)));
  if (work === 'pan') for (const name of ['+', '+', 'PageUp']) key(name);
  await frame();
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    if (work === 'hover') plots.dispatchEvent(new PointerEvent('pointermove', { clientX: 200 + i }));
    if (work === 'pan') key(i % 10 === 9 ? (i % 20 === 9 ? '+' : '-') : i % 2 ? 'PageUp' : 'PageDown');
    if (work === 'point') {
      const ring = { id: 1, inFlight: i, states: { polling: i }, submitted: 5, completed: 5, unreaped: 0, overflowed: 0 };
      const point = { at: (from + i) * 1000, span: 1, rings: [ring], stuck: 0, workers: { busy: 1, all: 2 }, devices: [] };
      window.dispatchEvent(new MessageEvent('message', { data: { kind: 'points', whole: false, points: [point] } }));
    }
    const handled = performance.now() - began;
    let drawn = await frame();
    if (work === 'point') while (Number(document.body.dataset.points) < from + i + 1) drawn = Math.max(drawn, await frame());
    times.push(handled + Math.max(0, drawn));
  }
  if (work === 'pan') key('Escape');
  return times;
}`;

function points(count: number): HistoryPoint[] {
  return Array.from({ length: count }, (_, second) => {
    const wave = Math.round(50 + 50 * Math.sin(second / 500));
    const rings = [1, 2].map((id) => ({
      id,
      inFlight: wave * 2,
      states: { polling: wave, issued: wave },
      submitted: wave * 100,
      completed: wave * 100,
      unreaped: second % 100,
      overflowed: 0,
    }));
    return {
      at: second * 1000,
      span: 1,
      rings,
      oldest: second % 60,
      stuck: 0,
      workers: { busy: wave % 8, all: 8, limit: 8 },
      devices: [{ name: 'sda', inFlight: wave }],
    };
  });
}
