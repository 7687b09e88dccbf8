import assert from 'node:assert/strict';
import { startHungFileServer, startVictim } from '../editor/victims.mjs';

/** Reads of a file server that has fallen silent: nothing but that server's end frees the program. */
export const story = {
  name: 'Reads from a hung file server',
  settings: { 'workbench.colorTheme': 'Default Dark Modern', 'ioUringInspector.refreshInterval': 1 },

  async prepare(stage) {
    stage.files = await startHungFileServer();
    stage.release(stage.files.stop);
    const file = `${stage.files.mount}/hang1`;
    stage.waiting = await startVictim('ring_victim', 'fifo-open');
    stage.release(stage.waiting.stop);
    stage.victim = await startVictim('ring_victim', 'file', file, 'read', '8', 'async');
    stage.release(stage.victim.stop);
  },

  steps: [
    [
      'a process in uninterruptible sleep stands above one that merely waits',
      async (workbench, { victim, waiting }) => {
        await workbench.command('Inspect io_uring');
        await workbench.type('ring_victim');
        const pids = await workbench.until('both in the list', async () => {
          const all = await workbench.pickable();
          return [victim, waiting].every(({ pid }) => all.includes(pid)) && all;
        });
        assert.ok(pids.indexOf(victim.pid) < pids.indexOf(waiting.pid));
        assert.match(
          await workbench.processRow(victim.pid).textContent(),
          /8 tasks in uninterruptible sleep.*8 in flight/,
        );
      },
    ],
    [
      'the finding names the file server and is critical',
      async (workbench, { victim, files }) => {
        const [, finding] = await workbench.pick('ring_victim', victim.pid);
        assert.equal(finding.icon, 'codicon-error');
        assert.match(finding.aria, /^critical: 8 reads/);
        assert.ok(finding.aria.includes(`hangfs (${files.pid})`), finding.aria);
      },
    ],
    [
      'activity bar and status bar count the stuck requests',
      async (workbench) => {
        await workbench.until('8 on the badge', async () => (await workbench.badge()) === '8');
        await workbench.until('them below', async () => (await workbench.status()) === 'io_uring: 8 stuck');
      },
    ],
    [
      'the eight workers are one row, with the function that holds them',
      async (workbench) => {
        const row = await workbench.until('the workers', async () =>
          (await workbench.rows()).find(({ label }) => label === '8 × io-wq worker'),
        );
        assert.match(row.description, /waits for .*(page|answer)/);
        await workbench.unfold(/^8 × io-wq worker/);
        await workbench.unfold(/^iou-wrk-/);
        // A row that says "waits here" where kernel stacks may be read.
        await workbench.until('the function', async () =>
          (await workbench.rows()).some(({ description }) => /waits here/.test(description)),
        );
      },
    ],
  ],
};
