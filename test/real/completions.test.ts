import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SHELLS } from '../../src/cli/options';
import { actor } from './support/actor';
import { Installed } from './support/installed';
import { CHECKOUT } from './support/programs';
import { skipUnless } from './support/rights';
import { type Running, startVictim } from './support/victim';

type Shell = (typeof SHELLS)[number];

const COMPLETIONS = join(CHECKOUT, 'completions');
const BASH = `
source "$1" && shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
"$(complete -p inspect-io-uring | cut -d ' ' -f 3)" "$1"
printf '%s\\n' "\${COMPREPLY[@]}"`;

/** How each shell is asked what it would offer for a line. */
const ASKED: Readonly<Record<Shell, (line: string) => readonly string[]>> = {
  // Readline parts words at "=", too.
  bash: (line) => [
    ...['--norc', '--noprofile', '-u', '-c', BASH, 'bash', join(COMPLETIONS, 'inspect-io-uring.bash')],
    ...line.split(/ |(?<==)|(?==)/),
  ],
  zsh: (line) => ['-f', join(CHECKOUT, 'test/real/support/complete.zsh'), COMPLETIONS, line],
  fish: (line) => [
    ...['--no-config', '-c', 'source $argv[1]; complete -C $argv[2]'],
    ...[join(COMPLETIONS, 'inspect-io-uring.fish'), line],
  ],
};

/** A user with this shell, the command line and hosts in the configuration of SSH. */
function userOf(
  context: Running,
  shell: Shell,
): { readonly folder: string; offers(line: string): readonly string[] } {
  const installed = new Installed(context);
  installed.needs(shell, 'find');
  const { node, cli } = actor('root');
  chmodSync(installed.file('inspect-io-uring', `#!/bin/sh\nexec '${node}' '${cli}' "$@"\n`), 0o755);
  for (const folder of ['.ssh', 'samples']) mkdirSync(join(installed.folder, folder));
  installed.file('saved.json', '');
  installed.file('.ssh/config', 'Host db1 db2 *.example\nHost "x$(>run)"\nInclude more\n');
  installed.file('.ssh/more', 'Host=web\n');
  const env = { PATH: `${installed.folder}:/usr/bin:/bin`, HOME: installed.folder, LC_ALL: 'C.UTF-8' };
  const offers = (line: string) => {
    const { stdout, stderr, status } = spawnSync(shell, ASKED[shell](line), {
      cwd: installed.folder,
      env: { ...env, TERM: 'xterm' },
      encoding: 'utf8',
      timeout: 30_000,
    });
    expect({ line, status, stderr }).toEqual({ line, status: 0, stderr: '' });
    // Without what moves the cursor, and the line itself where the terminal shows it again.
    return stdout
      .replace(/\u001b\[[0-9;?]*[A-Za-z]/g, ' ')
      .replaceAll(line.trim(), ' ')
      .split(/\s+/);
  };
  return { folder: installed.folder, offers };
}

describe.each(SHELLS)('%s', (shell) => {
  it('completes options, and of dap those alone that it has', (context) => {
    const { offers } = userOf(context, shell);
    expect(offers('inspect-io-uring --fo')).toContain('--format');
    const all = offers('inspect-io-uring --');
    expect(all).toEqual(expect.arrayContaining(['--watch', '--fail-on', '--no-kernel-memory', '--version']));
    expect(all).not.toContain('--port');
    const ofDap = offers('inspect-io-uring dap --');
    expect(ofDap).toEqual(expect.arrayContaining(['--port', '--host', '--debuginfod']));
    expect(ofDap).not.toContain('--watch');
  });

  it('completes formats, findings, shells, folders and files', (context) => {
    const { offers } = userOf(context, shell);
    expect(offers('inspect-io-uring --format ')).toEqual(
      expect.arrayContaining(['csv', 'stacks', 'chrome-trace', 'metrics', 'traced-csv', 'traced-stacks']),
    );
    expect(offers('inspect-io-uring --format=chr').join(' ')).toMatch(/chrome-trace/);
    expect(offers('inspect-io-uring --fail-on s')).toEqual(
      expect.arrayContaining(['stopped', 'stuck-on-resource']),
    );
    expect(offers('inspect-io-uring --fail-on s')).not.toContain('critical');
    expect(offers('inspect-io-uring completions ')).toEqual(expect.arrayContaining([...SHELLS]));
    expect(offers('inspect-io-uring --open sa')).toContain('saved.json');
    const folders = offers('inspect-io-uring --root sa');
    expect(folders.join(' ')).toMatch(/samples/);
    expect(folders).not.toContain('saved.json');
  });

  it('completes hosts of ~/.ssh/config and what it includes, and runs nothing that stands there', (context) => {
    const { folder, offers } = userOf(context, shell);
    const hosts = offers('inspect-io-uring --host ');
    expect(hosts).toEqual(expect.arrayContaining(['db1', 'db2', 'web']));
    expect(hosts.join(' ')).not.toMatch(/example|run/);
    expect(existsSync(join(folder, 'run'))).toBe(false);
  });

  it('completes PIDs of processes with an io_uring, where one of this machine may stand', async (context) => {
    skipUnless(context, 'ioUring');
    const { offers } = userOf(context, shell);
    const pid = String((await startVictim(context, actor('root'), 'ring_victim', ['fifo-open'])).pid);
    const first = offers('inspect-io-uring ');
    expect(first).toEqual(expect.arrayContaining([pid, 'dap', 'completions']));
    expect(first).not.toContain(String(process.pid));
    if (shell !== 'bash') expect(first).toContain('ring_victim');
    for (const before of ['--trace 5', '--json', '--fail-on critical', '--watch=3'])
      expect(offers(`inspect-io-uring ${before} `), before).toContain(pid);
    expect(offers('inspect-io-uring --json ')).not.toContain('dap');
    for (const before of ['--host db1', '--open x', '--root=/', 'dap', '42'])
      expect(offers(`inspect-io-uring ${before} `), before).not.toContain(pid);
  });
});
