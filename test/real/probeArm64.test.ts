import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLocal } from '../../src/target/local';
import { outcomes, testProbe } from './support/probe';
import { toReleaseByShell } from './support/releases';
import type { Running } from './support/victim';

const EMULATOR = 'qemu-aarch64-static';

function installed(program: string): boolean {
  return !spawnSync(program, ['--version'], { stdio: 'ignore' }).error;
}

/** A program that runs the arm64 probe in the emulator. */
async function emulated(running: Running): Promise<string> {
  if (process.arch === 'arm64')
    return running.skip('needs another machine than arm64: here it runs natively');
  if (!installed('aarch64-linux-gnu-gcc')) {
    return running.skip(
      'needs aarch64-linux-gnu-gcc (apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross)',
    );
  }
  if (!installed(EMULATOR)) return running.skip(`needs ${EMULATOR} (apt-get install qemu-user-static)`);
  const probe = await testProbe('arm64');
  const directory = mkdtempSync(join(tmpdir(), 'inspect-arm64-'));
  running.onTestFinished(toReleaseByShell(`rm -rf '${directory}'`));
  const script = join(directory, 'probe');
  writeFileSync(script, `#!/bin/sh\nexec ${EMULATOR} '${probe}'\n`);
  chmodSync(script, 0o755);
  return script;
}

describe('the arm64 probe', () => {
  it('starts, greets and answers', async (context) => {
    const target = await openLocal(await emulated(context));
    context.onTestFinished(() => target.dispose());
    expect(target.arch).toBe('aarch64');
    const { pid } = process;
    const paths = [
      '/proc/version',
      `/proc/${pid}/task/${pid}/stat`,
      '/etc/shadow',
      `/proc/${pid}/root/etc/passwd`,
    ];
    const results = await target.read(paths);
    expect(outcomes(results)).toEqual(['ok', 'ok', 'EPERM', 'EPERM']);
    expect(results[1]?.ok && results[1].data.toString()).toMatch(new RegExp(`^${pid} \\(`));
    const [fds] = await target.list([`/proc/${pid}/fd`], { links: true });
    expect(fds?.ok && fds.entries.some((entry) => entry.link !== undefined)).toBe(true);
    expect(outcomes(await target.list(['/sys/block']))).toEqual(['ok']);
    // The emulator has no BPF.
    expect(outcomes(await target.kernel.read([{ address: 0n, length: 8 }]))).toEqual(['ENOSYS']);
    expect(outcomes(await target.read(['/proc/version']))).toEqual(['ok']);
  });
});
