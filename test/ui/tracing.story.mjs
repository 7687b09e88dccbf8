import assert from 'node:assert/strict';
import { existsSync, openSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { root } from '../editor/install.mjs';
import { tracingProbe } from '../editor/tracefs.mjs';
import { startVictim } from '../editor/victims.mjs';

/** A program is slow now and then; its owner traces it and wants to know which requests are, and from where they come. */
export const story = {
  name: 'Tracing',
  settings: { 'workbench.colorTheme': 'Default Dark Modern', 'ioUringInspector.refreshInterval': 1 },

  async prepare(stage) {
    story.settings['ioUringInspector.probePath'] = await tracingProbe();
    stage.traced = await startVictim('traced');
    stage.release(stage.traced.stop);
    stage.busy = true;
    const work = keepBusy(stage);
    stage.release(async () => {
      stage.busy = false;
      await work;
    });
  },

  steps: [
    [
      'is begun from the palette and shows how it goes',
      async (workbench, { traced }) => {
        await workbench.command('Inspect io_uring');
        await workbench.pick('traced', traced.pid);
        await workbench.command('io_uring Inspector: Start Tracing');
        await workbench.until('how it goes', async () =>
          (await texts(workbench)).some((text) => /events\/s .*no events lost · own cost/.test(text)),
        );
        await workbench.until('latencies by operation and file', async () =>
          (await texts(workbench)).some((text) => /READ · fd \d+ pipe.* p50 .* p99 .* max /.test(text)),
        );
      },
    ],
    [
      'the timeline draws latencies and says how the trace goes',
      async (workbench, stage) => {
        await workbench.command('io_uring Inspector: Show Timeline');
        stage.page = workbench.timeline();
        await workbench.until('its words', async () => /Tracing · .* events\/s/.test(await main(stage.page)));
        const latency = stage.page.locator('.chart').filter({ hasText: 'Latency of traced requests' });
        await workbench.until('percentiles', async () =>
          /p50 [\d.]+ (ns|µs|ms).*p99 [\d.]+ (µs|ms).*longest [\d.]+ ms/.test(
            (await latency.innerText()).replaceAll('\n', ' '),
          ),
        );
        await latency.scrollIntoViewIfNeeded();
        await wait(3000);
      },
    ],
    [
      'the same stands in the table',
      async (workbench, { page }) => {
        await page.getByRole('button', { name: 'Show as table' }).click();
        await workbench.until('latencies in the table', async () =>
          /Latency of traced requests: p99/.test(await page.locator('.numbers thead').innerText()),
        );
        await page.getByRole('button', { name: 'Show charts' }).click();
      },
    ],
    [
      'the timeline ends it, and the slowest requests lead to where they were submitted',
      async (workbench, { page }) => {
        await page.getByRole('button', { name: 'Stop tracing' }).click();
        await workbench.until('the end', async () => /The trace has ended/.test(await main(page)));
        await workbench.until('the row', async () =>
          (await texts(workbench)).some((text) => /^Traced for .* requests/.test(text)),
        );
        await workbench.unfold('Slowest requests');
        await workbench.unfold(/^[\d.]+ ms · READ/);
        await workbench.until('the stack', async () =>
          (await texts(workbench)).some((text) => /submit_innermost/.test(text)),
        );
      },
    ],
    [
      'can be begun again from the row of what was traced',
      async (workbench) => {
        await workbench.chooseInMenu(/^traced \(/, 'Start Tracing');
        await workbench.until('it goes on', async () =>
          (await texts(workbench)).some((text) => /^Tracing stops by itself after/.test(text)),
        );
        await workbench.command('io_uring Inspector: Stop Tracing');
        await workbench.until('the end', async () =>
          (await texts(workbench)).some((text) => /^Traced for/.test(text)),
        );
      },
    ],
    [
      'ends with the window, and leaves nothing in tracefs',
      async (workbench, { traced }) => {
        await workbench.chooseInMenu(/^traced \(/, 'Start Tracing');
        await workbench.until('it goes on', async () =>
          (await texts(workbench)).some((text) => /^Tracing stops by itself after/.test(text)),
        );
        const instances = instancesOfProbes();
        assert.equal(instances().length, 1);
        await workbench.command('Developer: Reload Window');
        await workbench.until('no instance', () => instances().length === 0);
        assert.ok(existsSync(`/proc/${traced.pid}`));
      },
    ],
  ],
};

/** The instances of tracefs that the probes of this folder have; they can be read when those are gone, too. */
function instancesOfProbes() {
  const probe = path.join(root, 'dist/probe');
  const pids = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).startsWith(probe));
  const folders = pids.map((pid) => {
    const folder = openSync(`/proc/${pid}/root/sys/kernel/tracing/instances`, 'r');
    return () => readdirSync(`/proc/self/fd/${folder}`).filter((name) => name.split('-').includes(pid));
  });
  return () => folders.flatMap((names) => names());
}

function commandOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}

const texts = async (workbench) =>
  (await workbench.rows()).map(({ label, description }) => `${label} ${description ?? ''}`.trim());
const main = async (page) => (await page.locator('main').innerText()).replaceAll('\n', ' ');

/** NOPs, some by workers, and reads that wait: one after the other until the story ends. */
async function keepBusy(stage) {
  const folder = `/proc/${stage.traced.pid}/cwd`;
  const done = path.join(folder, 'done');
  const deeds = ['nop 400', 'pipe 3 4', 'async 20', 'pipe 2 20', 'sleep 1 10'];
  for (let i = 0; stage.busy; i++) {
    writeFileSync(path.join(folder, 'go.new'), deeds[i % deeds.length]);
    renameSync(path.join(folder, 'go.new'), path.join(folder, 'go'));
    for (let tries = 0; !existsSync(done) && tries < 400 && stage.busy; tries++) await wait(5);
    if (existsSync(done)) renameSync(done, path.join(folder, 'told'));
    await wait(50);
  }
}
