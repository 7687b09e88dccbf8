import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { actor } from './support/actor';
import { openTestTarget, outcomes, self, skipUnlessMemoryReadable } from './support/probe';
import { startVictim } from './support/victim';

const pid = process.pid;
let target: ProbeTarget;

beforeAll(async () => {
  target = await openTestTarget();
});
afterAll(() => target.dispose());

describe('the probe', () => {
  it('says who and where it is', () => {
    expect(target.rights.uid).toBe(process.geteuid?.());
    const effective = /^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    expect(target.rights.capabilities).toBe(BigInt(`0x${effective}`));
    expect(target.arch).toBe(process.arch === 'arm64' ? 'aarch64' : 'x86_64');
    expect(target.hello.release).toBe(readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim());
    expect(target.hello.host).toBe(readFileSync('/proc/sys/kernel/hostname', 'utf8').trim());
    expect(target.hello.processors).toBeGreaterThan(0);
    expect(target.hello.clockTicks).toBeGreaterThan(0);
    expect(readFileSync(`/proc/${target.hello.pid}/comm`, 'utf8').trim()).toBe('io-uring-probe');
    const uptime = Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
    expect(Number(target.hello.uptime) / 1e9).toBeLessThanOrEqual(uptime + 0.02);
    expect(Number(target.hello.uptime) / 1e9).toBeGreaterThan(uptime - 600);
  });

  it('answers a batch in order, each item with its own outcome', async () => {
    const results = await target.read([
      '/proc/version',
      '/proc/999999999/stat',
      `/proc/${pid}/comm`,
      `/proc/${pid}/fdinfo/9999`,
      `/proc/${pid}/maps`,
      '/sys/block/nothing/stat',
    ]);
    expect(outcomes(results)).toEqual(['ok', 'ENOENT', 'ok', 'ENOENT', 'ok', 'ENOENT']);
    const text = results.map((result) => (result.ok ? result.data.toString() : ''));
    expect(text[0]).toBe(readFileSync('/proc/version', 'utf8'));
    expect(text[2]).toBe(readFileSync(`/proc/${pid}/comm`, 'utf8'));
    expect(text[4]).toMatch(/\[stack\]\n/);
    expect(text[4]?.endsWith('\n')).toBe(true);
  });

  it('reads the files of every thread, in more requests than one', async () => {
    const tids = readdirSync(`/proc/${pid}/task`);
    const files = ['stat', 'status', 'wchan', 'syscall', 'sched', 'schedstat', 'comm', 'io'];
    const paths = Array.from({ length: 200 }, () =>
      tids.flatMap((tid) => files.map((file) => `/proc/${pid}/task/${tid}/${file}`)),
    ).flat();
    const results = await target.read(paths);
    expect(results.length).toBe(paths.length);
    for (const [index, path] of paths.entries()) {
      const result = results[index];
      if (!result?.ok || !path.endsWith('/status')) continue;
      expect(result.data.toString()).toContain(`\nPid:\t${path.split('/')[4]}\n`);
    }
    expect(results.filter((result) => result.ok).length).toBeGreaterThan(paths.length / 2);
  });

  it('tells the inode of a ring as its fdinfo does, and asks no file system for any', async (context) => {
    const victim = await startVictim(
      context,
      actor(process.getuid?.() === 0 ? 'root' : 'an ordinary user'),
      'crowd',
      ['1', '2'],
    );
    const fds = readdirSync(`/proc/${victim.pid}/fd`);
    const inodes = await target.inodes(fds.map((fd) => `/proc/${victim.pid}/fd/${fd}`));
    let rings = 0;
    fds.forEach((fd, index) => {
      const isRing = readlinkSync(`/proc/${victim.pid}/fd/${fd}`) === 'anon_inode:[io_uring]';
      const info = readFileSync(`/proc/${victim.pid}/fdinfo/${fd}`, 'utf8');
      expect(inodes[index]).toBe(isRing ? Number(/^ino:\s*(\d+)$/m.exec(info)?.[1]) : undefined);
      if (isRing) rings++;
    });
    expect(rings).toBe(2);
    expect(new Set(inodes).size).toBe(3);
  });

  it('cuts a content at the limit and says so', async () => {
    const path = '/proc/version';
    const whole = readFileSync(path);
    const [cut] = await target.read([path], { limit: 10 });
    expect(cut).toEqual({ ok: true, data: whole.subarray(0, 10), truncated: true });
    const [exact] = await target.read([path], { limit: whole.length });
    expect(exact).toEqual({ ok: true, data: whole, truncated: false });
    const [none] = await target.read([path], { limit: 0 });
    expect(none).toEqual({ ok: true, data: Buffer.alloc(0), truncated: true });
  });

  it('cuts files that the kernel gives in one piece, too', async () => {
    const [cut] = await target.read([`/proc/${pid}/status`], { limit: 20 });
    expect(cut?.ok && cut.truncated && cut.data.length).toBe(20);
  });

  it('carries contents of megabytes', async (context) => {
    const path = '/sys/kernel/btf/vmlinux';
    const whole = await readOr(path);
    if (!whole) return context.skip(`needs a kernel with ${path}`);
    const [result] = await target.read([path], { limit: 10 << 20, deadline: 10_000 });
    expect(result?.ok && result.data.equals(whole)).toBe(true);
    const [cut] = await target.read([path]);
    expect(cut?.ok && cut.truncated && cut.data.length).toBe(1 << 20);
  });

  it('keeps what it reads while large and small answers take turns', async (context) => {
    const path = '/sys/kernel/btf/vmlinux';
    const whole = await readOr(path);
    if (!whole) return context.skip(`needs a kernel with ${path}`);
    const paths = Array.from({ length: 40 }, (_, i) => (i % 4 === 0 ? path : '/proc/version'));
    const version = readFileSync('/proc/version');
    const results = await target.read(paths, { limit: 3 << 20, deadline: 10_000 });
    const good = results.filter(
      (result, i) => result.ok && result.data.equals(i % 4 === 0 ? whole.subarray(0, 3 << 20) : version),
    );
    expect(good.length).toBe(40);
  });

  it('lists directories, with the text of links when asked', async () => {
    const [plain, links, tasks, none, notOne] = await Promise.all([
      target.list([`/proc/${pid}/fd`]),
      target.list([`/proc/${pid}/fd`], { links: true }),
      target.list([`/proc/${pid}/task`], { links: true }),
      target.list(['/proc/999999999/fd']),
      target.list(['/proc/version']),
    ]).then((lists) => lists.map((list) => list[0]));
    expect(plain?.ok && plain.entries.every((entry) => entry.link === undefined)).toBe(true);
    const one = links?.ok ? links.entries.find((entry) => entry.name === '1') : undefined;
    expect(one?.link).toBe(readlinkSync('/proc/self/fd/1'));
    const tids = tasks?.ok ? tasks.entries.map((entry) => entry.name) : [];
    expect(tids).toContain(String(pid));
    expect(tids).not.toContain('.');
    expect(none).toEqual({ ok: false, errno: 'ENOENT' });
    expect(notOne?.ok).toBe(false);
  });

  it('cuts a listing between entries', async () => {
    const [all] = await target.list(['/proc']);
    const [cut] = await target.list(['/proc'], { limit: 100 });
    const names = all?.ok ? all.entries.map((entry) => entry.name) : [];
    expect(cut?.ok && cut.truncated && cut.entries.length).toBeGreaterThan(2);
    for (const entry of cut?.ok ? cut.entries : []) expect(names).toContain(entry.name);
  });

  it('gives the text of links and never follows them', async () => {
    const results = await target.link([
      `/proc/${pid}/exe`,
      `/proc/${pid}/cwd`,
      `/proc/${pid}/root`,
      `/proc/${pid}/ns/net`,
      `/proc/${pid}/fd/9999`,
    ]);
    expect(results).toEqual([
      { ok: true, target: readlinkSync('/proc/self/exe') },
      { ok: true, target: process.cwd() },
      { ok: true, target: '/' },
      { ok: true, target: readlinkSync('/proc/self/ns/net') },
      { ok: false, errno: 'ENOENT' },
    ]);
  });

  it('follows the links of /sys within /sys', async (context) => {
    const [device] = readdirSync('/sys/block');
    if (!device) return context.skip('needs a block device');
    const number = readFileSync(`/sys/block/${device}/dev`, 'utf8').trim();
    const [link] = await target.link([`/sys/dev/block/${number}`]);
    expect(link?.ok && link.target.endsWith(`/${device}`)).toBe(true);
    const results = await target.read([`/sys/dev/block/${number}/dev`, `/sys/block/${device}/dev`]);
    for (const result of results) expect(result.ok && result.data.toString()).toBe(`${number}\n`);
    const [listing] = await target.list(['/sys/block'], { links: true });
    expect(listing?.ok && listing.entries.some((entry) => entry.link?.endsWith(`/${device}`))).toBe(true);
  });

  it('reads memory by ranges, and says how far it came', async (context) => {
    skipUnlessMemoryReadable(context);
    const victim = await startVictim(context, self, 'hungmm', ['/proc/self/exe']);
    const maps = readFileSync(`/proc/${victim.pid}/maps`, 'utf8');
    const [, start = '', end = ''] = /^(\w+)-(\w+) r--s .*hungmm$/m.exec(maps) ?? [];
    const address = BigInt(`0x${start}`);
    const page = target.hello.pageSize;
    const pages = Math.ceil(readFileSync(`/proc/${victim.pid}/exe`).length / page);
    const results = await target.memory(
      victim.pid,
      [
        { address, length: 4 },
        { address: address + 1n, length: 3 },
        { address: BigInt(`0x${end}`) + 0x10000000000n, length: 8 },
        { address, length: (pages + 5) * page },
        { address: 0xffff_ffff_ffff_f000n, length: 4096 },
      ],
      { limit: 8 << 20 },
    );
    expect(results[0]).toEqual({ ok: true, data: Buffer.from('\x7fELF'), truncated: false });
    expect(results[1]?.ok && results[1].data.toString()).toBe('ELF');
    expect(outcomes(results.slice(2, 3))).toEqual(['EIO']);
    expect(results[3]?.ok && results[3].truncated && results[3].data.length).toBe(pages * page);
    expect(results[4]?.ok).toBe(false);
    const [cut] = await target.memory(victim.pid, [{ address, length: 4096 }], { limit: 100 });
    expect(cut?.ok && cut.truncated && cut.data.length).toBe(100);
    const [gone] = await target.memory(999_999_999, [{ address, length: 1 }]);
    expect(gone).toEqual({ ok: false, errno: 'ENOENT' });
  });

  it('keeps many questions apart', async () => {
    const wanted = ['/proc/version', '/proc/uptime', `/proc/${pid}/comm`, `/proc/${pid}/stat`];
    const heads = ['Linux', /^\d+\.\d+ /, readFileSync('/proc/self/comm', 'utf8'), `${pid} (`];
    const asked = Array.from({ length: 400 }, (_, i) => target.read([wanted[i % 4] ?? '']));
    for (const [i, [result]] of (await Promise.all(asked)).entries()) {
      expect(result?.ok ? result.data.toString() : result).toMatch(heads[i % 4] ?? '');
    }
  });

  it('lists all of 10,000 descriptors and reads all of 2,000 threads', async (context) => {
    const files = 10_000;
    const threads = 2000;
    const { pid: big } = await startVictim(context, self, 'crowd', [String(threads), '0', String(files)]);
    const [fds] = await target.list([`/proc/${big}/fd`], { links: true });
    expect(fds?.ok && !fds.truncated && fds.entries.length).toBeGreaterThanOrEqual(files);
    expect(fds?.ok && fds.entries.every((entry) => entry.link !== undefined)).toBe(true);
    const [tasks] = await target.list([`/proc/${big}/task`]);
    const tids = tasks?.ok ? tasks.entries.map((entry) => entry.name) : [];
    expect(tids.length).toBeGreaterThanOrEqual(threads);
    const results = await target.read(tids.map((tid) => `/proc/${big}/task/${tid}/stat`));
    const found = results.map((result) => result.ok && result.data.toString().split(' ')[0]);
    expect(found).toEqual(tids);
  });

  it('answers an empty question', async () => {
    expect(await target.read([])).toEqual([]);
  });
});

async function readOr(path: string): Promise<Buffer | undefined> {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
