import assert from 'node:assert/strict';
import { startHungFileServer, startVictim } from '../editor/victims.mjs';

const READS = 8;
const SEARCH = 'io_uring Inspector: Search Kernel Memory for Unlisted Requests';

/** Direct reads that a file server keeps, and whose submission entries the program has used again: on no list, in no queue. */
export const story = {
  name: 'Requests that nothing leads to',
  settings: { 'workbench.colorTheme': 'Default High Contrast', 'ioUringInspector.refreshInterval': 1 },

  async prepare(stage) {
    stage.files = await startHungFileServer();
    stage.release(stage.files.stop);
    stage.victim = await startVictim('truth', 'issued-overwritten', `${stage.files.mount}/direct1`);
    stage.release(stage.victim.stop);
  },

  steps: [
    [
      'the ring counts them and says that their entries are gone',
      async (workbench, { victim }) => {
        await workbench.command('Inspect io_uring');
        await workbench.pick('truth', victim.pid);
        const ring = await rowOf(workbench, /^ring 1/);
        assert.match(ring.description, /8 in flight · 0 listed/);
        await rowOf(workbench, /^8 more whose submission entry was overwritten/);
      },
    ],
    [
      'a search of the kernel’s memory lists them',
      async (workbench) => {
        await workbench.command(SEARCH);
        await workbench.until('all listed', async () =>
          (await workbench.rows()).some(
            ({ label, description }) => /^ring 1/.test(label) && /8 listed/.test(description),
          ),
        );
      },
    ],
    [
      'each with its file, place and length',
      async (workbench, { files }) => {
        await workbench.unfold(/^8 in the device or file system/);
        const rows = await workbench.until('the requests', async () => {
          const found = (await workbench.rows()).filter(
            ({ label }) => label === `READ ${files.mount}/direct1`,
          );
          return found.length === READS && found;
        });
        for (const { description } of rows) assert.match(description, /4,096 bytes at [\d,]+/);
        assert.equal(new Set(rows.map(({ description }) => description.match(/at [\d,]+/)[0])).size, READS);
      },
    ],
    [
      'and the answer names the file server that has them',
      async (workbench, { files }) => {
        const finding = await workbench.until('a critical finding', async () => {
          const [, first] = await workbench.rows();
          return first.icon === 'codicon-error' && first;
        });
        assert.ok(finding.aria.includes(`FUSE server hangfs (${files.pid})`), finding.aria);
      },
    ],
    [
      'and they stay listed at the looks that follow',
      async (workbench) => {
        await workbench.page.waitForTimeout(3000);
        assert.match((await rowOf(workbench, /^ring 1/)).description, /8 listed/);
      },
    ],
  ],
};

function rowOf(workbench, label) {
  return workbench.until(String(label), async () =>
    (await workbench.rows()).find((row) => label.test(row.label)),
  );
}
