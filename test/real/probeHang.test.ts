import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { childrenOf, eventually, openTestTarget, outcomes, self, stateOf } from './support/probe';
import { toReleaseByShell } from './support/releases';
import { skipUnless } from './support/rights';
import { type Running, startVictim, type Victim } from './support/victim';

const PAGE = 4096;
/** Farther apart than the kernel reads ahead: each range is a read of its own that hangs. */
const APART = 512 * 1024;

interface Hung {
  readonly pid: number;
  readonly address: bigint;
  readonly file: string;
  readonly server: Victim;
}

/** A process whose mapped file is served by nobody: reading that memory waits uninterruptibly. */
async function startHung(running: Running): Promise<Hung> {
  const base = mkdtempSync(join(tmpdir(), 'inspect-hungmm-'));
  const directory = join(base, 'mnt');
  mkdirSync(directory);
  running.onTestFinished(toReleaseByShell(`umount -l '${directory}'; rm -rf --one-file-system '${base}'`));
  const server = await startVictim(running, self, 'hangfs', [directory]);
  const file = join(directory, 'hang1');
  const victim = await startVictim(running, self, 'hungmm', [file]);
  const maps = readFileSync(`/proc/${victim.pid}/maps`, 'utf8');
  const address = BigInt(`0x${/^(\w+)-.*hang1$/m.exec(maps)?.[1]}`);
  return { pid: victim.pid, address, file, server };
}

async function open(running: Running): Promise<ProbeTarget> {
  const target = await openTestTarget();
  running.onTestFinished(() => target.dispose());
  return target;
}

const ranges = (address: bigint, count: number) =>
  Array.from({ length: count }, (_, i) => ({ address: address + BigInt(i * APART), length: PAGE }));

function endServer(server: Victim): void {
  execFileSync('kill', ['-TERM', String(server.pid)]);
}

describe('a read that hangs for ever', () => {
  it('is answered as timed out, and later questions are answered', async (context) => {
    skipUnless(context, 'fuse');
    const hung = await startHung(context);
    const target = await open(context);
    const started = Date.now();
    const [memory] = await target.memory(hung.pid, ranges(hung.address, 1), { deadline: 200 });
    expect(memory).toEqual({ ok: false, errno: 'ETIMEDOUT' });
    expect(Date.now() - started).toBeGreaterThanOrEqual(200);
    const abandoned = childrenOf(target.hello.pid).filter((child) => stateOf(child) === 'D');
    expect(abandoned.length, 'the reader is stuck in the kernel for real').toBe(1);

    const later = await target.read(['/proc/version', `/proc/${hung.pid}/stat`, `/proc/${hung.pid}/status`]);
    expect(outcomes(later)).toEqual(['ok', 'ok', 'ok']);
    expect(stateOf(abandoned[0] ?? 0)).toBe('D');
  });

  it('costs only its own item of a batch', async (context) => {
    skipUnless(context, 'fuse');
    const hung = await startHung(context);
    const target = await open(context);
    const [first, second] = ranges(hung.address, 2);
    const good = BigInt(`0x${/^(\w+)-.*hungmm$/m.exec(readFileSync(`/proc/${hung.pid}/maps`, 'utf8'))?.[1]}`);
    const elf = { address: good, length: 4 };
    if (!first || !second) throw new Error('two ranges');
    const results = await target.memory(hung.pid, [elf, first, elf, elf, second, elf], { deadline: 200 });
    expect(outcomes(results)).toEqual(['ok', 'ETIMEDOUT', 'ok', 'ok', 'ETIMEDOUT', 'ok']);
  });

  it('leaves nothing open that would keep a pipe or a session alive', async (context) => {
    skipUnless(context, 'fuse');
    const hung = await startHung(context);
    const target = await open(context);
    await target.memory(hung.pid, ranges(hung.address, 1), { deadline: 100 });
    const stuck = childrenOf(target.hello.pid).find((child) => stateOf(child) === 'D') ?? 0;
    const held = readdirSync(`/proc/${stuck}/fd`).map((fd) => readlinkSync(`/proc/${stuck}/fd/${fd}`));
    // One end of a pipe of the probe's own is its: a trace ends with the other end, which only the probe has.
    const own = ['0', '1', '2'].map((fd) => readlinkSync(`/proc/${target.hello.pid}/fd/${fd}`));
    expect(own.length).toBe(3);
    expect(held.filter((link) => own.includes(link) || /^socket:|\/dev\//.test(link))).toEqual([]);
    expect(held.filter((link) => link.startsWith('pipe:')).length).toBeLessThanOrEqual(1);
    expect(held).toContain(`/proc/${hung.pid}/mem`);
  });

  it('is not tried again and again: its memory is refused after eight', async (context) => {
    skipUnless(context, 'fuse');
    const hung = await startHung(context);
    const target = await open(context);
    const results = await target.memory(hung.pid, ranges(hung.address, 30), { deadline: 50 });
    expect(outcomes(results)).toEqual([
      ...Array.from({ length: 8 }, () => 'ETIMEDOUT'),
      ...Array.from({ length: 22 }, () => 'EBUSY'),
    ]);
    const more = await target.read([`/proc/${hung.pid}/stat`, `/proc/${hung.pid}/maps`, '/proc/version']);
    expect(outcomes(more)).toEqual(['ok', 'ok', 'ok']);
  });

  it('ends once its resource does; then the process is tried again and no process is left', async (context) => {
    skipUnless(context, 'fuse');
    const hung = await startHung(context);
    const target = await open(context);
    await target.memory(hung.pid, ranges(hung.address, 9), { deadline: 50 });
    const probe = target.hello.pid;
    expect(childrenOf(probe).length).toBe(9);
    endServer(hung.server);
    await eventually('the abandoned readers are gone', () => childrenOf(probe).length === 1);
    expect(outcomes(await target.read([`/proc/${hung.pid}/stat`]))).toEqual(['ok']);
    expect(outcomes(await target.memory(hung.pid, ranges(hung.address, 1)))).toEqual(['EIO']);
  });

  it('does not keep the probe from ending, and dies itself as soon as it can', async (context) => {
    skipUnless(context, 'fuse');
    const hung = await startHung(context);
    const target = await open(context);
    await target.memory(hung.pid, ranges(hung.address, 1), { deadline: 100 });
    const probe = target.hello.pid;
    const children = childrenOf(probe);
    const stuck = children.find((child) => stateOf(child) === 'D') ?? 0;
    target.dispose();
    await eventually('the probe is gone', () => stateOf(probe) === undefined);
    expect(stateOf(stuck)).toBe('D');
    endServer(hung.server);
    await eventually('its readers are gone', () =>
      children.every((child) => [undefined, 'Z'].includes(stateOf(child))),
    );
  });

  it('in thousands of items ends at the last one with every answer in its place', async (context) => {
    skipUnless(context, 'fuse');
    const hung = await startHung(context);
    const target = await open(context);
    const [slow, stat] = await Promise.all([
      target.memory(hung.pid, ranges(hung.address, 3), { deadline: 100 }),
      target.read(Array.from({ length: 5000 }, (_, i) => (i % 2 ? '/proc/version' : '/proc/nothing'))),
    ]);
    expect(outcomes(slow)).toEqual(['ETIMEDOUT', 'ETIMEDOUT', 'ETIMEDOUT']);
    expect(outcomes(stat)).toEqual(Array.from({ length: 5000 }, (_, i) => (i % 2 ? 'ok' : 'EPERM')));
  });

  it('is given up altogether once 64 readers hang, until they are free', async (context) => {
    skipUnless(context, 'fuse');
    const hung = await startHung(context);
    const target = await open(context);
    // Eight for each of eight processes, the first of which is there.
    const pids = [hung.pid];
    while (pids.length < 8) {
      pids.push((await startVictim(context, self, 'hungmm', [hung.file])).pid);
    }
    for (const [i, pid] of pids.entries()) {
      const maps = readFileSync(`/proc/${pid}/maps`, 'utf8');
      const address = BigInt(`0x${/^(\w+)-.*hang1$/m.exec(maps)?.[1]}`) + BigInt(i * PAGE);
      const results = await target.memory(pid, ranges(address, 8), { deadline: 20 });
      expect(outcomes(results)).toEqual(Array.from({ length: 8 }, () => 'ETIMEDOUT'));
    }
    expect(outcomes(await target.read(['/proc/version', '/proc/uptime']))).toEqual(['EBUSY', 'EBUSY']);
    expect(childrenOf(target.hello.pid).length).toBe(64);
    endServer(hung.server);
    await eventually('the readers are gone', () => childrenOf(target.hello.pid).length === 0);
    expect(outcomes(await target.read(['/proc/version', '/proc/uptime']))).toEqual(['ok', 'ok']);
  });
});
