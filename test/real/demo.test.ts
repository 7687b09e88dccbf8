import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ACTORS, actor, actorMissing } from './support/actor';
import { inspect } from './support/inspect';
import { CHECKOUT } from './support/programs';
import { toRelease } from './support/releases';
import { skipUnless } from './support/rights';
import { startVictim } from './support/victim';

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
    const [, answer, more] = stdout.split(/^(?=STUCK|CHECK|INFO)/m);
    expect(answer).toMatch(/^STUCK +2 opens hold both io-wq workers .* 6\s+more\s+requests/s);
    expect(more).toMatch(/^CHECK +6 operations have finished/);
    for (const words of [/accept waits for a client/, /recv waits for the peer/])
      expect(stdout).toMatch(words);
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

describe.each(ACTORS)('the bundled server, as %s,', (name) => {
  it('is stuck, and the answer counts each request once', async (context) => {
    skipUnless(context, 'ioUring');
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    const who = actor(name);
    const { pid, truth } = await startVictim(context, who, 'server');
    const { findings } = await inspect(who, pid);
    expect(findings.map(({ severity, tag }) => `${severity} ${tag}`)).toEqual([
      'critical workers-exhausted',
      'warning not-reaped',
      'info waits-for-peer',
      'info waits-for-peer',
    ]);
    expect(findings[0]?.stuck).toBe((truth.workers ?? 0) + (truth.queued ?? 0));
  });
});
