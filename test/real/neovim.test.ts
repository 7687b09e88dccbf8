import { execFile } from 'node:child_process';
import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { actor } from './support/actor';
import { Installed } from './support/installed';
import { CHECKOUT } from './support/programs';
import { skipUnless } from './support/rights';
import { startVictim } from './support/victim';

/** The block of Lua that README.md shows. */
function configuration(): string {
  const [, block] = /```lua\n(.*?)```/s.exec(readFileSync(join(CHECKOUT, 'README.md'), 'utf8')) ?? [];
  if (block === undefined) throw new Error('README.md shows no configuration of Neovim');
  return block;
}

it('Neovim loads the configuration of README.md, and the adapter that it names starts and answers', async (context) => {
  skipUnless(context, 'ioUring');
  const installed = new Installed(context);
  installed.needs('nvim');
  const who = actor('root');
  const victim = await startVictim(context, who, 'ring_victim', ['fifo-open']);
  const command = installed.file('inspect-io-uring', `#!/bin/sh\nexec '${who.node}' '${who.cli}' "$@"\n`);
  chmodSync(command, 0o755);
  const script = join(CHECKOUT, 'test/real/support/neovim.lua');
  // An error in a script ends `-c` commands with a message alone: the last word is what says that it came to its end.
  const { stdout } = await promisify(execFile)(
    'nvim',
    ['--headless', '-u', 'NONE', '-i', 'NONE', '-n', '-c', `luafile ${script}`, '-c', 'qa!'],
    {
      cwd: installed.folder,
      timeout: 60_000,
      env: {
        PATH: `${installed.folder}:/usr/bin:/bin`,
        HOME: installed.folder,
        LC_ALL: 'C.UTF-8',
        CONFIGURATION: installed.file('configuration.lua', configuration()),
        VICTIM: String(victim.pid),
      },
    },
  );
  const told = (word: string) =>
    stdout.split('\n').flatMap((line) => (line.startsWith(`${word} `) ? line.slice(word.length + 1) : []));
  expect(told('THREAD').join('\n')).toMatch(new RegExp(`^${victim.pid} ring_victim`, 'm'));
  expect(told('THREAD').join('\n')).toMatch(/^\d+ ring 1 \(fd \d+\)/m);
  expect(told('ANSWER').join()).toMatch(/4 requests/);
  expect(told('ENDED')).toEqual(['0']);
  expect(existsSync(`/proc/${victim.pid}/fd`)).toBe(true);
});
