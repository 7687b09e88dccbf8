import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeRequest, FrameDecoder, LIMIT_MAX } from '../../src/probe/wire';
import { childrenOf, eventually, openTestTarget, testProbe } from './support/probe';
import { toRelease } from './support/releases';

const LARGE = '/sys/kernel/btf/vmlinux';

/** The limit of a process, soft and hard, by the name that /proc/PID/limits has. */
function limitOf(pid: number, name: string): [soft: string, hard: string] {
  const text = readFileSync(`/proc/${pid}/limits`, 'latin1');
  const [, soft = '', hard = ''] = new RegExp(`^${name}\\s+(\\S+)\\s+(\\S+)`, 'm').exec(text) ?? [];
  return [soft, hard];
}

describe('what the kernel holds the probe to', () => {
  it('is little more than it needs, for itself and its reader, and nobody can lift it', async (context) => {
    const target = await openTestTarget();
    context.onTestFinished(() => target.dispose());
    await eventually('it has a reader', () => childrenOf(target.hello.pid).length === 1);
    for (const pid of [target.hello.pid, ...childrenOf(target.hello.pid)]) {
      expect(limitOf(pid, 'Max open files')).toEqual(['64', '64']);
      expect(limitOf(pid, 'Max core file size')).toEqual(['1', '1']);
      expect(limitOf(pid, 'Max file size')).toEqual(['0', '0']);
      const [soft, hard] = limitOf(pid, 'Max address space');
      expect(soft).toBe(hard);
      // Two answers of the largest size for each of two readers, a ring, and some room.
      expect(Number(hard)).toBeGreaterThan(5 * LIMIT_MAX);
      expect(Number(hard)).toBeLessThan(8 * LIMIT_MAX);
    }
  });

  it('leaves room for the largest answers, one after the other', async (context) => {
    if (!existsSync(LARGE)) return context.skip(`needs ${LARGE}`);
    const target = await openTestTarget();
    context.onTestFinished(() => target.dispose());
    const whole = readFileSync(LARGE).length;
    const paths = Array.from({ length: 6 }, () => LARGE);
    const results = await target.read(paths, { limit: LIMIT_MAX, deadline: 10_000 });
    expect(results.map((result) => (result.ok ? result.data.length : result.errno))).toEqual(
      paths.map(() => whole),
    );
  });

  it('does not keep its output from being a file', async (context) => {
    const probe = await testProbe();
    const folder = mkdtempSync(join(tmpdir(), 'inspect-limits-'));
    context.onTestFinished(toRelease(() => rmSync(folder, { recursive: true, force: true })));
    const file = join(folder, 'output');
    const output = openSync(file, 'w');
    const input = encodeRequest(1, { verb: 'read', limit: 100, deadline: 1000 }, ['/proc/version']).frame;
    // Its input ends before it has answered, which ends it: it is held open for a second.
    const { status } = spawnSync('sh', ['-c', '(cat; sleep 1) | "$0"', probe], {
      input,
      stdio: ['pipe', output, 'inherit'],
    });
    closeSync(output);
    expect(status).toBe(0);
    expect(new FrameDecoder().push(readFileSync(file)).map(({ kind }) => kind)).toEqual([
      'hello',
      'answers',
      'done',
    ]);
  });
});
