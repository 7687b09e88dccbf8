import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startVictim } from '../editor/victims.mjs';

/** Set by the command that leads to the host, so that its probe is known from others. */
const MARK = `INSPECTED_BOX=${process.pid}`;
/** While this file is there the way is cut. */
const CUT = path.join(os.tmpdir(), `inspected-box-${process.pid}-cut`);
const WAY = ['env', MARK, 'sh', '-c', `[ ! -e ${CUT} ] && exec "$@"`, 'way'];

/** A host that a command leads to, beside this machine; the way to it is cut and comes back. */
export const story = {
  name: 'Two hosts',
  settings: {
    'workbench.colorTheme': 'Default Dark Modern',
    'ioUringInspector.hosts': [{ label: 'box', command: WAY }],
  },

  async prepare(stage) {
    stage.stuck = await startVictim('ring_victim', 'fifo-open');
    stage.release(stage.stuck.stop);
    stage.release(() => rmSync(CUT, { force: true }));
  },

  steps: [
    [
      'a host of the settings is offered, and its processes are',
      async (workbench, { stuck }) => {
        await workbench.command('Inspect io_uring on a Host…');
        await workbench.quickRow('this machine').waitFor();
        const box = workbench.quickRow('box');
        await workbench.gesture(
          'the host',
          async () => (await box.count()) > 0 && workbench.click(box),
          async () => (await box.count()) === 0,
        );
        await workbench.pick('ring_victim', stuck.pid);
      },
    ],
    [
      'its row says what it is, and has the process below it',
      async (workbench) => {
        const [host, process] = await workbench.answer();
        assert.deepEqual([host.label, host.level, process.level], ['box', 1, 2]);
        assert.match(host.description, /Linux \d/);
        assert.match(process.label, /^ring_victim/);
      },
    ],
    [
      'a process of this machine stands below a row of its own',
      async (workbench, { stuck }) => {
        await workbench.command('Inspect io_uring');
        await workbench.choosePid(stuck.pid);
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
        writeFileSync(CUT, '');
        process.kill(probe, 'SIGKILL');
        const [host] = await workbench.until('the loss', async () => {
          const rows = await workbench.rows();
          return /connection lost/.test(rows[0]?.description) && rows;
        });
        assert.match(host.description, /^connection lost \d+ s ago, trying again/);
        rmSync(CUT);
        await workbench.until('the host as it was', async () =>
          /Linux \d/.test((await workbench.rows())[0]?.description),
        );
      },
    ],
    [
      'disconnecting it leaves this machine alone, without rows of hosts',
      async (workbench) => {
        await workbench.chooseInMenu('box', 'Disconnect Host');
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
