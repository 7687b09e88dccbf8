import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../../src/model/sample';
import { actor } from './support/actor';
import { answerOf, inspect, run, sampleFrom } from './support/inspect';
import { mountHangfs } from './support/mounts';
import { tasksOf, until } from './support/proc';
import { skipUnless } from './support/rights';
import { run as runHere, sshUser } from './support/sshd';
import { allowSudo, sshStage } from './support/sshStage';
import { shellWord, TerminalSession } from './support/terminal';
import { startVictim } from './support/victim';

/** Where a secret stands, of all that a process shows of itself and of the files below the folders. */
function traces(secret: string, ...folders: readonly string[]): readonly string[] {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'latin1');
    } catch {
      return '';
    }
  };
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => [`/proc/${pid}/cmdline`, `/proc/${pid}/environ`]);
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => join(folder, name))
      .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile()),
  );
  return [...processes, ...files].filter((path) => read(path).includes(secret));
}

describe('from the terminal, over SSH, through sudo', () => {
  it.for(['a password', 'a passphrase'] as const)(
    'a stuck process of another user, with %s and a password of sudo that are asked for',
    async (how, context) => {
      const byKey = how === 'a passphrase';
      const stage = await sshStage(
        context,
        1,
        byKey ? [] : ['PasswordAuthentication yes', 'LogLevel DEBUG3'],
      );
      allowSudo(context, stage, 'ALL');
      const { at } = stage;
      const { password } = sshUser();
      const passphrase = `passphrase-${process.pid}-word`;
      if (byKey) runHere('ssh-keygen', ['-q', '-p', '-a', '2', '-N', passphrase, '-f', at.path('k')]);
      const config = at.read('.ssh/config').replace('ConnectTimeout 2', 'ConnectTimeout 20');
      at.file('.ssh/config', byKey ? config : config.replace(/IdentityFile .*/, 'IdentityFile none'));
      const victim = await startVictim(context, actor('an ordinary user'), 'ring_victim', ['fifo-open']);
      const { node, cli, through = [] } = stage.here;
      const words = [
        node,
        ...through,
        cli,
        '--host',
        'db1',
        '--sudo',
        String(victim.pid),
        '--json',
        '--watch=60',
      ];
      const output = at.path('output');

      const session = new TerminalSession(
        context,
        `${words.map(shellWord).join(' ')} > ${shellWord(output)}`,
      );
      if (byKey) {
        await session.sees(`Passphrase of the key ${at.path('k')}, for db1: `);
        session.type(passphrase);
      } else {
        await session.sees(`Password of ${at.user.name} on db1: `);
        session.type('not-my-password');
        await session.sees(`That was wrong. Password of ${at.user.name} on db1: `);
        session.type(password);
      }
      await session.sees('Password for sudo on db1 (ssh): ');
      session.type(password);
      await until(() => at.read('output').endsWith('\n'), 'the first look');

      const sample = JSON.parse(at.read('output')) as Sample;
      expect(sample.rights).toMatchObject({ uid: 0, kernelStacks: true });
      const worker = sample.tasks.find(({ kind }) => kind === 'worker');

      expect(JSON.stringify(worker?.kernelStack)).toContain('wait_for_partner');
      const here = answerOf(await inspect(actor('root'), victim.pid));
      expect([answerOf(sample).tag, answerOf(sample).severity]).toEqual([here.tag, here.severity]);
      expect(traces('--watch=60')).not.toEqual([]);
      // While it is still connected, and everything has said what it says.
      for (const secret of [password, passphrase, 'not-my-password']) {
        expect(traces(secret, at.folder, victim.directory)).toEqual([]);
        expect(session.shown).not.toContain(secret);
      }
      session.type('\u0003');
      await session.ended;
      await until(() => stage.leftovers().length === 0, 'nothing is left on the host');
    },
  );
});

describe('a process that is stuck on a FUSE server, over SSH', () => {
  it.for(['an ordinary user', 'root'] as const)('as %s', async (name, context) => {
    skipUnless(context, 'fuse');
    const stage = await sshStage(context);
    const asRoot = name === 'root';
    if (asRoot) allowSudo(context, stage);
    const { directory, server } = await mountHangfs(context);
    const path = `${directory}/hang-data`;
    const victim = await startVictim(context, stage.there, 'ring_victim', ['file', path, 'read', '4']);
    const stuck = () =>
      tasksOf(victim.pid).filter(({ comm, state }) => /^iou-wrk/.test(comm) && state === 'D');
    await until(() => stuck().length === 4, 'four workers in state D');
    const started = performance.now();
    await until(() => performance.now() - started > 1100, 'a second passes');

    const args = ['--host', 'db1', ...(asRoot ? ['--sudo'] : []), String(victim.pid), '--json'];
    const remote = sampleFrom(await run(stage.here, ...args));

    const answer = answerOf(remote);
    const here = answerOf(await inspect(asRoot ? actor('root') : stage.there, victim.pid));
    expect([answer.tag, answer.severity]).toEqual([here.tag, 'critical']);
    expect(`${answer.summary} ${answer.explanation}`).toContain(path);
    expect(remote.resources.find(({ fd }) => fd === victim.truth.fd)).toMatchObject({
      path,
      fsType: 'fuse.hangfs',
      ...(asRoot ? { holder: { pid: server.pid, name: 'hangfs' } } : {}),
    });
    if (asRoot) expect(answer.summary).toContain(`hangfs (${server.pid})`);
  });
});
