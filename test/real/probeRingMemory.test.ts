import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { childrenOf, openTestTarget, outcomes, self, skipUnlessMemoryReadable } from './support/probe';
import { skipUnless } from './support/rights';
import { type Running, startVictim } from './support/victim';

/** Never mapped: what /proc/PID/mem answers EIO for, as kernels before 6.10 do for ring memory. */
const NOWHERE = 0x1000n;

interface RingProcess {
  readonly target: ProbeTarget;
  readonly pid: number;
  readonly fd: number;
  /** A descriptor that is no ring. */
  readonly other: number;
  /** Where the ring's head and the SQEs are mapped. */
  readonly address: bigint;
}

async function startRing(running: Running): Promise<RingProcess> {
  skipUnlessMemoryReadable(running);
  const target = await openTestTarget();
  running.onTestFinished(() => target.dispose());
  const { pid } = await startVictim(running, self, 'crowd', ['1', '1', '0']);
  const [listing] = await target.list([`/proc/${pid}/fd`], { links: true });
  const entries = listing?.ok ? listing.entries : [];
  const fd = Number(entries.find((entry) => entry.link === 'anon_inode:[io_uring]')?.name);
  const other = Number(entries.find((entry) => entry.link?.startsWith('pipe:'))?.name);
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8');
  const start = /^(\w+)-\w+ rw-s 00000000 .*\[io_uring\]/m.exec(maps)?.[1];
  return { target, pid, fd, other, address: BigInt(`0x${start}`) };
}

describe('ring memory', () => {
  it('is the same through the ring itself as through /proc/PID/mem', async (context) => {
    skipUnless(context, 'ioUring');
    const { target, pid, fd, address } = await startRing(context);
    const length = 64;
    const [mapped, plain] = await target.memory(pid, [
      { address: NOWHERE, length, ring: { fd, offset: 0n } },
      { address, length },
    ]);
    if (mapped && !mapped.ok && mapped.errno === 'ENOSYS')
      return context.skip('needs pidfd_getfd (Linux 5.6)');
    expect(mapped?.ok && mapped.data.length).toBe(length);
    // Heads, tails, masks: a ring with one read pending has published one SQE.
    const head = mapped?.ok ? mapped.data : Buffer.alloc(0);
    expect(head.equals(Buffer.alloc(length))).toBe(false);
    if (plain?.ok) expect(mapped).toEqual(plain);
    else expect(plain).toEqual({ ok: false, errno: 'EIO' });
  });

  it('gives the SQEs by their own offset', async (context) => {
    skipUnless(context, 'ioUring');
    const { target, pid, fd } = await startRing(context);
    const [sqes] = await target.memory(pid, [
      { address: NOWHERE, length: 64, ring: { fd, offset: 0x10000000n } },
    ]);
    // IORING_OP_READ
    expect(sqes?.ok && sqes.data.readUInt8(0)).toBe(22);
  });

  it('is not a way to the memory of other files, and nothing stays open', async (context) => {
    skipUnless(context, 'ioUring');
    const { target, pid, fd, other } = await startRing(context);
    const results = await target.memory(pid, [
      { address: NOWHERE, length: 64, ring: { fd: other, offset: 0n } },
      { address: NOWHERE, length: 64, ring: { fd: 9999, offset: 0n } },
      { address: NOWHERE, length: 64, ring: { fd: -1, offset: 0n } },
      { address: NOWHERE, length: 64, ring: { fd, offset: 0xf8000000n } },
      { address: NOWHERE, length: 16 << 20, ring: { fd, offset: 0n } },
      { address: NOWHERE, length: 0, ring: { fd, offset: 0n } },
    ]);
    const [notRing, ...rest] = outcomes(results);
    expect(notRing).toBe('EPERM');
    expect(rest.slice(0, 2)).toEqual(['EBADF', 'EBADF']);
    expect(['EINVAL', 'ENOMEM']).toContain(rest[2]);
    // A mapping longer than the ring: refused by some kernels, cut short by others.
    const long = results[4];
    if (long?.ok) expect(long.truncated && long.data.length).toBeGreaterThanOrEqual(4096);
    else expect(long?.errno).toBe('EINVAL');
    const [reader, ...more] = childrenOf(target.hello.pid);
    expect(more).toEqual([]);
    const [fds] = await target.list([`/proc/${reader}/fd`], { links: true });
    const links = fds?.ok ? fds.entries.map((entry) => entry.link) : [];
    expect(links).not.toContain('anon_inode:[io_uring]');
    expect(readFileSync(`/proc/${reader}/maps`, 'utf8')).not.toContain('io_uring');
  });
});
