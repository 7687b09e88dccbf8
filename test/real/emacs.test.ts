import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { actor } from './support/actor';
import { Installed } from './support/installed';
import { until } from './support/proc';
import { CHECKOUT } from './support/programs';
import { skipUnless } from './support/rights';
import { startVictim } from './support/victim';

/** The block of Emacs Lisp that README.md shows. */
function configuration(): string {
  const [, block] = /```elisp\n(.*?)```/s.exec(readFileSync(join(CHECKOUT, 'README.md'), 'utf8')) ?? [];
  if (block === undefined) throw new Error('README.md shows no configuration of Emacs');
  return block;
}

it('Emacs’ dap-mode debugs with the configuration of README.md: stack, threads, an expression, no process left', async (context) => {
  skipUnless(context, 'ioUring');
  const installed = new Installed(context);
  installed.needs('emacs');
  const asked = [
    '-q',
    '--batch',
    '--eval',
    "(progn (require 'package) (package-initialize) (require 'dap-mode))",
  ];
  if (spawnSync('emacs', asked, { stdio: 'ignore', timeout: 60_000 }).status !== 0)
    context.skip('needs dap-mode (apt-get install elpa-dap-mode)');
  const who = actor('root');
  const victim = await startVictim(context, who, 'ring_victim', ['fifo-open']);
  const command = installed.file('inspect-io-uring', `#!/bin/sh\nexec '${who.node}' '${who.cli}' "$@"\n`);
  chmodSync(command, 0o755);
  const { stdout } = await promisify(execFile)(
    'emacs',
    ['-q', '--batch', '-l', join(CHECKOUT, 'test/real/support/emacs.el')],
    {
      cwd: installed.folder,
      timeout: 90_000,
      env: {
        PATH: `${installed.folder}:/usr/bin:/bin`,
        HOME: installed.folder,
        LC_ALL: 'C.UTF-8',
        CONFIGURATION: installed.file('configuration.el', configuration()),
        VICTIM: String(victim.pid),
      },
    },
  );
  const told = (word: string) =>
    stdout.split('\n').flatMap((line) => (line.startsWith(`${word} `) ? line.slice(word.length + 1) : []));
  expect(told('FRAME').length).toBeGreaterThan(0);
  expect(told('THREAD').join('\n')).toMatch(new RegExp(`^${victim.pid} ring_victim`, 'm'));
  expect(told('THREAD').join('\n')).toMatch(/^\d+ ring 1 \(fd \d+\)/m);
  expect(told('ANSWER').join()).toMatch(/4 requests/);
  await until(() => leftIn(installed.folder).length === 0, 'its adapter has ended');
  expect(existsSync(`/proc/${victim.pid}/fd`)).toBe(true);
});

/** Pids of programs that have this folder as their home: Emacs, and what it has started. */
function leftIn(folder: string): readonly string[] {
  const isOfHome = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`HOME=${folder}`);
    } catch {
      return false;
    }
  };
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name) && isOfHome(name));
}
