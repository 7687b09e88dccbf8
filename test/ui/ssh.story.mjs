import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { startSshServer } from '../editor/sshServer.mjs';
import { startVictim } from '../editor/victims.mjs';

/** A host over SSH whose key is not known and whose passwords are asked for; things go wrong on the way. */
export const story = {
  name: 'A host over SSH',
  settings: { 'workbench.colorTheme': 'Default Dark Modern', 'ioUringInspector.autoRefresh': true },

  async prepare(stage) {
    stage.ssh = await startSshServer();
    stage.release(() => stage.ssh.stop());
    stage.env = { HOME: stage.ssh.home };
    stage.stuck = await startVictim('ring_victim', 'fifo-open');
    stage.release(stage.stuck.stop);
  },

  steps: [
    [
      'an unknown host is asked about with its fingerprint; Enter trusts nothing',
      async (workbench, { ssh }) => {
        await connect(workbench);
        await workbench.quickRow('Trust and Connect').waitFor();
        const rows = await workbench.quickRows();
        assert.ok(
          rows.some(({ label }) => label.includes(ssh.fingerprint())),
          JSON.stringify(rows),
        );
        await workbench.page.keyboard.press('Enter');
        await workbench.quickRow('Do Not Connect').click();
        await workbench.find('quickInput').waitFor({ state: 'hidden' });
        assert.equal(read(path.join(ssh.home, '.ssh/known_hosts')), '');
      },
    ],
    [
      'a wrong password is asked for again; when the server hangs up the question closes, and why is said',
      async (workbench, { ssh }) => {
        await connect(workbench);
        await workbench.quickRow('Trust and Connect').click();
        await answer(workbench, `Password of ${ssh.user} on db1`, 'not-my-password');
        await prompted(workbench, 'That was wrong.');
        ssh.hangUp();
        const { text } = await workbench.notification(/db1 cannot be reached/);
        assert.match(text, /closed the connection while it waited for your answer/);
        await workbench.find('quickInput').waitFor({ state: 'hidden' });
        await workbench.clearNotifications();
      },
    ],
    [
      'the right one leads to the processes there, and is remembered only where that is wanted',
      async (workbench, { ssh, stuck }) => {
        await connect(workbench);
        await answer(workbench, `Password of ${ssh.user} on db1`, ssh.password);
        const { buttons } = await workbench.notification(/Remember the .ssh password/);
        assert.deepEqual(buttons, ['Remember', 'Not in This Window']);
        await workbench.picture('offered');
        await workbench.find('toast').getByText('Not in This Window').click();
        // It is another user's, so it is on no list.
        await workbench.type(String(stuck.pid));
        await workbench.quickRow(`Inspect PID ${stuck.pid}`).click();
        await workbench.row('ring_victim').waitFor();
      },
    ],
    [
      'with sudo the kernel’s stacks are there',
      async (workbench, { ssh }) => {
        await workbench.command('Inspect io_uring: Inspect with More Rights (sudo)…');
        await answer(workbench, `Password of ${ssh.user} on db1`, ssh.password);
        await answer(workbench, 'Password for sudo on db1 (ssh)', ssh.password);
        await workbench.until('the host as root', async () =>
          /^db1 \(sudo\)/.test((await workbench.rows())[0]?.label ?? ''),
        );
        await workbench.unfold('Blocked');
        assert.ok(JSON.stringify(await workbench.rows()).includes('wait_for_partner'));
        await workbench.clearNotifications();
      },
    ],
    [
      'a host that comes back with another key is refused, with the way to make it known',
      async (workbench, { ssh }) => {
        ssh.end();
        await workbench.until('the loss', async () =>
          /connection lost/.test((await workbench.rows())[0]?.description ?? ''),
        );
        ssh.newKey();
        await ssh.start();
        await workbench.command('io_uring Inspector: Try Again Now');
        const { text } = await workbench.notification(/is not proven/);
        assert.match(text, /ssh-keygen -f .* -R/);
        await workbench.picture('changed');
        await workbench.clearNotifications();
      },
    ],
    [
      'no secret is left in a setting, a log or the state of the editor',
      async (_workbench, { ssh, server }) => {
        assert.deepEqual(traces('io-uring-inspector', server.stateDir).length > 0, true);
        for (const secret of [ssh.password, 'not-my-password'])
          assert.deepEqual([...traces(secret, server.stateDir), ...traces(secret, ssh.folder)], []);
      },
    ],
  ],
};

async function connect(workbench) {
  await workbench.command('Inspect io_uring on a Host…');
  await workbench.quickRow('db1').click();
}

function prompted(workbench, words) {
  return workbench.find('quickInputMessage').filter({ hasText: words }).waitFor();
}

async function answer(workbench, prompt, text) {
  await prompted(workbench, prompt);
  await workbench.type(text);
  await workbench.page.keyboard.press('Enter');
}

/** Files below the folder that hold the text. */
function traces(text, folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => path.join(folder, name))
    .filter((file) => read(file).includes(text));
}

function read(file) {
  try {
    return statSync(file).isFile() ? readFileSync(file, 'latin1') : '';
  } catch {
    return '';
  }
}
