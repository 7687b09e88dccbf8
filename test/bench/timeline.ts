import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { HistoryPoint } from '../../src/model/history';
import { CHECKOUT } from '../real/support/programs';
import { type Benchmark, median, milliseconds, Skipped } from './figures';

const POINTS = 50_000;
const FRAMES = 120;
/** Milliseconds of one frame at 60 a second. */
const FRAME = 1000 / 60;

/**
 * The timeline's page in a real browser while it holds 50,000 points: the time that it needs for a frame in which a point comes and the
 * cursor moves, beside that of an empty page, in turns.
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
    await page.waitForSelector('.chart canvas');
    const busy: number[] = [];
    const idle: number[] = [];
    for (let round = 0; round < Math.max(1, Math.round(rounds / 3)); round++) {
      for (const [found, work] of [
        [idle, false],
        [busy, true],
      ] as const)
        found.push(
          ...(await page.evaluate<number[]>(
            `(${FRAMES_CODE})(${FRAMES}, ${work}, ${POINTS + round * FRAMES})`,
          )),
        );
    }
    const work = median(busy);
    const shown = busy.filter((time) => time <= FRAME).length / busy.length;
    return [
      {
        name: 'work in a frame, 50,000 points held',
        value: milliseconds(work),
        goal: `< ${FRAME.toFixed(1)} ms (60 a second)`,
        met: work < FRAME,
      },
      { name: 'the same where nothing comes', value: milliseconds(median(idle)) },
      { name: 'frames within that', value: `${Math.round(shown * 100)} %` },
    ];
  } finally {
    await browser.close();
  }
};

/** Runs in the page: milliseconds of work in each of some frames. Callbacks of one frame run in the order they were asked for. */
const FRAMES_CODE = `async (count, work, from) => {
  const times = [];
  const plots = document.querySelector('.plots');
  for (let frame = 0; frame < count; frame++) {
    const began = performance.now();
    if (work) {
      const ring = { id: 1, inFlight: frame, states: { polling: frame }, submitted: 5, completed: 5, unreaped: 0, overflowed: 0 };
      const point = { at: (from + frame) * 1000, span: 1, rings: [ring], stuck: 0, workers: { busy: 1, all: 2 }, devices: [] };
      window.dispatchEvent(new MessageEvent('message', { data: { kind: 'points', whole: false, points: [point] } }));
      plots.dispatchEvent(new PointerEvent('pointermove', { clientX: 200 + frame }));
    }
    const handled = performance.now() - began;
    const drawn = await new Promise((resolve) => requestAnimationFrame((start) => resolve(performance.now() - start)));
    times.push(handled + Math.max(0, drawn));
  }
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
