import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { look } from '../../src/inspect/look';
import { spawnProbe } from '../../src/target/local';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { connectProbe } from '../../src/target/probeTarget';
import { childrenOf, openTestTarget, outcomes, self, testProbe } from './support/probe';
import { skipUnless } from './support/rights';
import { type Running, startVictim } from './support/victim';

const pid = process.pid;
let target: ProbeTarget;

beforeAll(async () => {
  target = await openTestTarget();
});
afterAll(() => target.dispose());

describe('what the probe refuses whoever asks', () => {
  it('is everything outside /proc and /sys', async () => {
    const paths = [
      '/etc/shadow',
      '/etc/passwd',
      '/dev/kmsg',
      '/procfs/x',
      '/sysfs/x',
      '/tmp',
      '/proc2/1/stat',
    ];
    expect(outcomes(await target.read(paths))).toEqual(paths.map(() => 'EPERM'));
    expect(outcomes(await target.list(paths))).toEqual(paths.map(() => 'EPERM'));
    expect(outcomes(await target.link(paths))).toEqual(paths.map(() => 'EPERM'));
  });

  it('is what in /proc holds secrets or the memory of others', async () => {
    const paths = [
      '/proc/kcore',
      '/proc/kmsg',
      '/proc/kpagecount',
      '/proc/sysrq-trigger',
      '/proc/self/environ',
      '/proc/self/stat',
      '/proc/thread-self/stat',
      `/proc/${pid}/environ`,
      `/proc/${pid}/task/${pid}/environ`,
      `/proc/${pid}/auxv`,
      `/proc/${pid}/mem`,
      `/proc/${pid}/task/${pid}/mem`,
      `/proc/${pid}/pagemap`,
      `/proc/${pid}/attr/current`,
      `/proc/${pid}`,
      `/proc/${pid}/task/${pid}/task/${pid}/stat`,
      '/sys/firmware/dmi/tables/DMI',
      '/sys/kernel/config/x',
      '/sys/kernel/tracing/trace_pipe',
      '/sys/kernel/tracing/per_cpu/cpu0/trace_pipe_raw',
    ];
    expect(outcomes(await target.read(paths))).toEqual(paths.map(() => 'EPERM'));
  });

  it('is every way through a magic link', async () => {
    const fd = openSync('/etc/passwd', 'r');
    const directory = openSync('/etc', 'r');
    const paths = [
      '/proc/1/root/etc/passwd',
      `/proc/${pid}/root/etc/passwd`,
      `/proc/${pid}/cwd/package.json`,
      `/proc/${pid}/exe`,
      `/proc/${pid}/cwd`,
      `/proc/${pid}/fd/${fd}`,
      `/proc/${pid}/fd/${directory}/passwd`,
      `/proc/self/fd/${fd}`,
      `/proc/${pid}/task/${pid}/fd/${fd}`,
      `/proc/${pid}/task/${pid}/root/proc/version`,
      `/proc/${pid}/ns/net`,
      `/proc/${pid}/map_files/400000-401000`,
    ];
    const lists = [`/proc/${pid}/root`, `/proc/${pid}/cwd`, `/proc/${pid}/fd/${directory}`];
    expect(outcomes(await target.read(paths))).toEqual(paths.map(() => 'EPERM'));
    expect(outcomes(await target.list(lists))).toEqual(lists.map(() => 'EPERM'));
    expect(outcomes(await target.link([`/proc/${pid}/fd/${fd}`]))).toEqual(['ok']);
    expect(outcomes(await target.link([`/proc/${pid}/fd/${directory}/passwd`]))).toEqual(['EPERM']);
    closeSync(fd);
    closeSync(directory);
  });

  it('is every path that is not plain', async () => {
    const refused = [
      '/proc/../etc/passwd',
      `/proc/${pid}/../../etc/shadow`,
      '/sys/block/../../etc/passwd',
      '/sys/fs/..',
    ];
    const malformed = [
      '',
      '/',
      'proc/version',
      '/proc/./version',
      '/proc//version',
      '/proc/version/',
      '/proc/version\0/etc/shadow',
      '/etc/shadow\0/proc/version',
      `/proc/${'a'.repeat(4100)}`,
      `/proc/${'a/'.repeat(2000)}x`,
    ];
    const odd = [
      '/proc/-1/stat',
      '/proc/01/stat',
      '/proc/1x/stat',
      '/proc/1\n/stat',
      '/proc/99999999999/stat',
    ];
    expect(outcomes(await target.read(refused))).toEqual(refused.map(() => 'EPERM'));
    for (const outcome of outcomes(await target.read(malformed))) {
      expect(['EINVAL', 'EPERM', 'ENAMETOOLONG']).toContain(outcome);
    }
    expect(outcomes(await target.read(odd))).toEqual(odd.map(() => 'EPERM'));
  });

  it('leaves a path whose pid is no process as missing', async () => {
    expect(outcomes(await target.read(['/proc/4294967295/stat', '/proc/4194304/stat']))).toEqual([
      'ENOENT',
      'ENOENT',
    ]);
  });

  it('keeps none of the files it has read open', async () => {
    await target.read([`/proc/${pid}/maps`, `/proc/${pid}/stat`, '/proc/version', '/etc/shadow']);
    await target.list([`/proc/${pid}/fd`], { links: true });
    const probe = target.hello.pid;
    const children = readFileSync(`/proc/${probe}/task/${probe}/children`, 'utf8').trim().split(' ');
    expect(children.length).toBe(1);
    const reader = `/proc/${children[0]}`;
    const [listing] = await target.list([`${reader}/fd`], { links: true });
    const open = listing?.ok ? listing.entries.map((entry) => entry.link).sort() : [];
    const events = ['anon_inode:[eventfd]', 'anon_inode:[eventfd]'];
    // By the pipe the keeper of a trace would know of the probe's end.
    const files = open.filter((link) => !link?.startsWith('pipe:['));
    expect(open.length - files.length).toBe(1);
    // Its own listing is open, and the directory of it until the batch ends.
    expect(files).toEqual(['/proc', '/sys', ...events, reader, `${reader}/fd`].sort());
  });
});

/** A probe as a rule of sudo starts it: `PROBE --no-memory`. */
async function openGranted(running: Running): Promise<ProbeTarget> {
  skipUnless(running, 'root');
  const granted = await connectProbe(spawnProbe(await testProbe(), undefined, ['--no-memory']), 'granted');
  running.onTestFinished(() => granted.dispose());
  return granted;
}

describe('what a rule of sudo for the probe gives away', () => {
  it('is no file of root’s, by whatever name and verb', async (context) => {
    const granted = await openGranted(context);
    const folder = mkdtempSync(join(tmpdir(), 'inspect-secret-'));
    context.onTestFinished(() => rmSync(folder, { recursive: true }));
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'a file of root’s', { mode: 0o600 });
    symlinkSync('/proc/version', join(folder, 'version'));
    const file = openSync(secret, 'r');
    const directory = openSync(folder, 'r');
    const reader = childrenOf(granted.hello.pid)[0] ?? 0;
    const names = [
      secret,
      '/etc/shadow',
      '/root/.ssh/id_ed25519',
      join(folder, 'version'),
      `/proc/../${secret}`,
      `/sys/block/../..${secret}`,
      `/sys/module/../../${secret}`,
      ...['1', String(pid), String(granted.hello.pid), String(reader)].flatMap((of) => [
        `/proc/${of}/root${secret}`,
        `/proc/${of}/root/etc/shadow`,
        `/proc/${of}/cwd/etc/shadow`,
        `/proc/${of}/task/${of}/root/etc/shadow`,
        `/proc/${of}/mem`,
        `/proc/${of}/environ`,
        `/proc/${of}/exe`,
      ]),
      `/proc/${pid}/fd/${file}`,
      `/proc/${pid}/fd/${directory}/secret`,
      `/proc/${pid}/task/${pid}/fd/${file}`,
      `/proc/${reader}/fd/0`,
      `/proc/${reader}/fd/3`,
      '/proc/kcore',
      '/proc/kallsyms',
      '/dev/mem',
      '/dev/vda',
      '/sys/fs/pstore/dmesg-0',
      '/sys/fs/bpf/x',
      '/sys/kernel/security/lockdown',
      '/sys/firmware/efi/efivars/x',
    ];
    for (const results of [await granted.read(names), await granted.list(names)])
      expect(results.filter(({ ok }) => ok)).toEqual([]);
    const links = await granted.link(names);
    const told = links.flatMap((link) => (link.ok ? [link.target] : []));
    // What a link says is a name; it is given for descriptors and programs, as root's rights are for.
    expect(told.every((text) => !text.includes('a file of root'))).toBe(true);
    const openly = [`/proc/${pid}/fd/${file}`, `/proc/${pid}/exe`];
    expect(outcomes(await granted.link(openly))).toEqual(['ok', 'ok']);
    expect(await granted.inodes([`/proc/${pid}/fd/${file}`])).toEqual([undefined]);
    closeSync(file);
    closeSync(directory);
  });

  it('is no memory but that of rings', async (context) => {
    const granted = await openGranted(context);
    const file = openSync('/etc/passwd', 'r');
    const address = addressOf('r');
    const offset = 0n;
    const results = await granted.memory(pid, [
      { address, length: 8 },
      { address, length: 8, ring: { fd: file, offset } },
      { address, length: 8, ring: { fd: 0, offset } },
      { address, length: 8, ring: { fd: 1_000_000, offset } },
      { address, length: 8, ring: { fd: -1, offset } },
    ]);
    expect(outcomes(results)).toEqual(['EOPNOTSUPP', 'EPERM', 'EPERM', 'EBADF', 'EBADF']);
    closeSync(file);
    const { kernel } = granted;
    const found = await kernel.find(pid, { steps: [], last: 0, length: 8 });
    const ranges = await kernel.read([{ address: 0xffff_ffff_8100_0000n, length: 8 }]);
    expect(outcomes([found, ...ranges])).toEqual(['EOPNOTSUPP', 'EOPNOTSUPP']);
  });

  it('without that word is the memory of every process, and the kernel’s', async (context) => {
    skipUnless(context, 'kernelMemory');
    const [own] = await target.memory(pid, [{ address: addressOf('rw-p'), length: 8 }]);
    expect(own?.ok).toBe(true);
    const found = await target.kernel.find(pid, { steps: [], last: 0, length: 8 });
    expect(found.ok).toBe(true);
  });

  it('is what explains a stuck process', async (context) => {
    skipUnless(context, 'ioUring');
    const granted = await openGranted(context);
    const victim = await startVictim(context, self, 'crowd', ['1', '1', '0']);
    const sample = await look(granted, victim.pid);
    const told = sample.requests.map(({ operation, state, sources }) => ({ operation, state, sources }));
    expect(told).toEqual([
      { operation: 'READ', state: 'polling', sources: expect.arrayContaining(['ring memory']) },
    ]);
    expect(sample.tasks[0]?.kernelStack?.length).toBeGreaterThan(0);
  });
});

function addressOf(flags: string): bigint {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  return BigInt(`0x${new RegExp(`^(\\w+)-\\w+ ${flags}`, 'm').exec(maps)?.[1]}`);
}
