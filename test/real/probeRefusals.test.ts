import { closeSync, openSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { openTestTarget, outcomes } from './support/probe';

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
    // Its own listing is open, and the directory of it until the batch ends.
    expect(open).toEqual(['/proc', '/sys', ...events, reader, `${reader}/fd`].sort());
  });
});
