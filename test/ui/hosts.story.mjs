import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { startVictim } from '../editor/victims.mjs';

/** Set by the command that leads to the host, so that its probe is known from others. */
const MARK = `INSPECTED_BOX=${process.pid}`;

/** A host that a command leads to, beside this machine; the way to it is cut and comes back. */
export const story = {
  name: 'Two hosts',
  settings: {
    'workbench.colorTheme': 'Default Dark Modern',
    'ioUringInspector.hosts': [{ label: 'box', command: ['env', MARK] }],
  },

  async prepare(stage) {
    stage.stuck = await startVictim('ring_victim', 'fifo-open');
    stage.release(stage.stuck.stop);
  },

  steps: [
    [
      'a host of the settings is offered, and its processes are',
      async (workbench, { stuck }) => {
        await workbench.command('Inspect io_uring on a Host…');
        await workbench.quickRow('this machine').waitFor();
        await workbench.quickRow('box').click();
        await workbench.pick('ring_victim', stuck.pid);
      },
    ],
    [
      'its row says what it is, and has the process below it',
      async (workbench) => {
        const [host, process] = await workbench.rows();
        assert.deepEqual([host.label, host.level, process.level], ['box', 1, 2]);
        assert.match(host.description, /Linux \d/);
        assert.match(process.label, /^ring_victim/);
      },
    ],
    [
      'a process of this machine stands below a row of its own',
      async (workbench, { stuck }) => {
        await workbench.command('Inspect io_uring');
        await workbench.type(String(stuck.pid));
        await workbench.processRow(stuck.pid).click();
        // So that both fit in the window.
        await workbench.unfold('box', false);
        await workbench.until(
          'both hosts',
          async () => (await tops(workbench)).join() === 'box,this machine',
        );
      },
    ],
    [
      'a lost connection is told, and comes back by itself',
      async (workbench) => {
        const [probe] = probes();
        assert.ok(probe !== undefined, 'the probe of the host runs');
        process.kill(probe, 'SIGKILL');
        const [host] = await workbench.until('the loss', async () => {
          const rows = await workbench.rows();
          return /connection lost/.test(rows[0]?.description) && rows;
        });
        assert.match(host.description, /^connection lost \d s ago, trying again/);
        await workbench.until('the host as it was', async () =>
          /Linux \d/.test((await workbench.rows())[0]?.description),
        );
      },
    ],
    [
      'disconnecting it leaves this machine alone, without rows of hosts',
      async (workbench) => {
        await workbench.contextMenu('box');
        // A menu ignores a button that comes up as soon as it is open.
        const item = workbench.find('menu').filter({ hasText: 'Disconnect Host' }).first();
        await item.click({ delay: 300 });
        await workbench.until('the process of this machine', async () =>
          /^ring_victim/.test((await tops(workbench)).join()),
        );
        await workbench.until('no probe of the host', () => probes().length === 0);
      },
    ],
  ],
};

async function tops(workbench) {
  // A row that stays at the top while its own are scrolled is drawn twice.
  const all = (await workbench.rows()).filter(({ level }) => level === 1).map(({ label }) => label);
  return [...new Set(all)];
}

/** The probe that the command has led to, its parts after it. */
function probes() {
  const marked = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isProbe(name));
  return marked
    .map(Number)
    .sort((a, b) => Number(marked.includes(parentOf(a))) - Number(marked.includes(parentOf(b))));
}

function isProbe(pid) {
  const marked = read(`/proc/${pid}/environ`).split('\0').includes(MARK);
  return marked && /probe/.test(read(`/proc/${pid}/cmdline`).split('\0')[0]);
}

function parentOf(pid) {
  return /^PPid:\t(\d+)$/m.exec(read(`/proc/${pid}/status`))?.[1];
}

function read(file) {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
