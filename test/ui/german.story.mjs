import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { startVictim } from '../editor/victims.mjs';

/** The display language is German. The editor's own texts stay English: Microsoft's language pack is not at hand; ours does not need it. */
export const story = {
  name: 'In German',
  language: 'de',

  async prepare(stage) {
    stage.stuck = await startVictim('ring_victim', 'fifo-open');
    stage.release(stage.stuck.stop);
    stage.words = JSON.parse(await readFile(path.join(stage.root, 'package.nls.de.json'), 'utf8'));
  },

  steps: [
    [
      'the palette has the commands in German, and the process is picked',
      async (workbench, { stuck, words }) => {
        assert.equal(words['command.inspect'], 'io_uring untersuchen');
        await workbench.command('io_uring untersuchen');
        await workbench.pick('ring_victim', stuck.pid);
      },
    ],
    [
      'the tree is in German',
      async (workbench) => {
        const labels = async () => (await workbench.rows()).map(({ label }) => label);
        await workbench.until('the rings', async () => (await labels()).includes('Ringe (1)'));
        const rows = await workbench.rows();
        assert.ok(
          rows.some(({ label }) => /^Blockierte Threads und Worker \(/.test(label)),
          JSON.stringify(rows),
        );
        assert.ok(
          rows.some(({ label, description }) => /^Ring 1 · fd/.test(label) && /unterwegs/.test(description)),
        );
      },
    ],
    [
      'the timeline is in German',
      async (workbench) => {
        await workbench.command('io_uring Inspector: Zeitverlauf anzeigen');
        const page = workbench.timeline();
        await page.getByRole('button', { name: 'Anhalten' }).waitFor();
        await page.getByText('Offene Anfragen nach Alter').waitFor();
        assert.equal(await page.locator('html').getAttribute('lang'), 'de');
      },
    ],
  ],
};
