import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CHECKOUT } from './support/programs';
import { toRelease } from './support/releases';
import { skipUnless } from './support/rights';

/** `--built`: the build is there already, and other tests use it now. */
function demo(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
  const script = join(CHECKOUT, 'test/demo/demo.mjs');
  return spawnSync(process.execPath, [script, '--built', ...args], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', ...env },
    timeout: 50_000,
  });
}

const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith('io-uring-demo-'));

describe('npm run demo', () => {
  it('shows every stuck request of the bundled server, and ends it', (context) => {
    skipUnless(context, 'ioUring');
    const before = leftovers();
    const { status, stdout, stderr } = demo();
    expect(stderr).toBe('');
    expect(status).toBe(0);
    for (const words of [/6 operations have finished/, /2 opens .*FIFO/s, /read waits for data/, /recv/]) {
      expect(stdout).toMatch(words);
    }
    const pid = /^\$ inspect-io-uring (\d+)$/m.exec(stdout)?.[1];
    expect(pid).toBeDefined();
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(leftovers().filter((name) => !before.includes(name))).toEqual([]);
  });

  it('--keep leaves it running and says which process it is', (context) => {
    skipUnless(context, 'ioUring');
    const { status, stdout } = demo(['--keep']);
    expect(status).toBe(0);
    const pid = Number(/as process (\d+); end it: kill \1/.exec(stdout)?.[1]);
    const directory = readlinkSync(`/proc/${pid}/cwd`);
    const release = toRelease(() => {
      process.kill(pid, 'SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    });
    context.onTestFinished(release);
    expect(existsSync(`/proc/${pid}/fd`)).toBe(true);
  });

  it('says what to install where there is no compiler', () => {
    const { status, stdout, stderr } = demo([], { CC: 'no-such-compiler' });
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(
      /^There is no C compiler \(no-such-compiler\)\. .*apt-get install gcc libc6-dev$/m,
    );
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});
