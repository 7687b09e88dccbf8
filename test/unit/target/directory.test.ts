import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserError } from '../../../src/model/errors';
import { openDirectory } from '../../../src/target/directory';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'inspect-tree-'));
  mkdirSync(join(dir, 'proc'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function put(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), content);
}

function putLink(path: string, text: string): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  symlinkSync(text, join(dir, path));
}

const outcomes = (results: readonly ({ ok: true } | { ok: false; errno: string })[]) =>
  results.map((result) => (result.ok ? 'ok' : result.errno));

describe('openDirectory', () => {
  it('refuses what is no captured tree', () => {
    rmSync(join(dir, 'proc'), { recursive: true });
    for (const path of [dir, join(dir, 'nothing'), '/dev/null']) {
      const open = () => openDirectory(path);
      expect(open).toThrow(UserError);
      expect(open).toThrow(/is not a captured tree/);
    }
  });

  it('reads files in the order asked, each with its own outcome', async () => {
    put('proc/7/stat', '7 (a) S');
    put('sys/block/vda/inflight', '0 3\n');
    const target = openDirectory(dir);
    const results = await target.read(['/sys/block/vda/inflight', '/proc/8/stat', '/proc/7/stat', '/proc/7']);
    expect(outcomes(results)).toEqual(['ok', 'ENOENT', 'ok', 'EPERM']);
    expect(results[0]).toEqual({ ok: true, data: Buffer.from('0 3\n'), truncated: false });
    expect(results[2]).toEqual({ ok: true, data: Buffer.from('7 (a) S'), truncated: false });
  });

  it('reads hundreds of files at once', async () => {
    const numbers = Array.from({ length: 500 }, (_, i) => i + 1);
    for (const number of numbers) put(`proc/${number}/comm`, String(number));
    const results = await openDirectory(dir).read(numbers.map((number) => `/proc/${number}/comm`));
    expect(results.map((result) => result.ok && result.data.toString())).toEqual(numbers.map(String));
  });

  it('cuts at the limit', async () => {
    put('proc/7/maps', 'x'.repeat(2 << 20));
    const target = openDirectory(dir);
    const [byDefault] = await target.read(['/proc/7/maps']);
    expect(byDefault?.ok && byDefault.truncated && byDefault.data.length).toBe(1 << 20);
    const [all] = await target.read(['/proc/7/maps'], { limit: 2 << 20 });
    expect(all?.ok && !all.truncated && all.data.length).toBe(2 << 20);
  });

  it('gives links as text, also those that lead nowhere', async () => {
    putLink('proc/7/fd/3', 'socket:[123]');
    putLink('proc/7/fd/4', '/mnt/a\nb (deleted)');
    put('proc/7/fd/5', 'no link');
    const target = openDirectory(dir);
    const [plain] = await target.list(['/proc/7/fd']);
    const [links] = await target.list(['/proc/7/fd'], { links: true });
    expect(plain?.ok && plain.entries.map((entry) => entry.name).sort()).toEqual(['3', '4', '5']);
    expect(links?.ok && [...links.entries].sort((a, b) => a.name.localeCompare(b.name))).toEqual([
      { name: '3', link: 'socket:[123]' },
      { name: '4', link: '/mnt/a\nb (deleted)' },
      { name: '5' },
    ]);
    expect(await target.link(['/proc/7/fd/3', '/proc/7/fd/5', '/proc/7/fd/6'])).toEqual([
      { ok: true, target: 'socket:[123]' },
      { ok: false, errno: 'EINVAL' },
      { ok: false, errno: 'ENOENT' },
    ]);
  });

  it('never leaves the tree', async () => {
    put('secret', 'outside proc and sys');
    mkdirSync(join(dir, 'proc/7'), { recursive: true });
    putLink('proc/7/root', '/');
    putLink('proc/7/up', '..');
    putLink('proc/7/stat', '/etc/passwd');
    putLink('proc/8', '/etc');
    putLink('sys', '/etc');
    const target = openDirectory(dir);
    const paths = [
      '/secret',
      '/etc/passwd',
      '/proc/../secret',
      '/proc/7/../../secret',
      '/proc/7/root/etc/passwd',
      '/proc/7/up/8/passwd',
      '/proc/7/stat',
      '/proc/8/passwd',
      '/sys/passwd',
      '/proc//7',
      '/proc/./7',
      'proc/7/stat',
      '',
      '/',
      '/proc/7/stat\0',
      '/proc/..\\..\\secret',
    ];
    for (const result of await target.read(paths)) expect(result.ok).toBe(false);
    const lists = ['/', '/proc/7/root', '/proc/7/up', '/proc/8', '/sys', '/proc/..', '/proc/7/root/etc'];
    for (const result of await target.list(lists)) expect(result.ok).toBe(false);
    for (const result of await target.link(['/proc/7/up/stat', '/proc/8/passwd', '/x']))
      expect(result.ok).toBe(false);
    expect(await target.link(['/proc/7/root'])).toEqual([{ ok: true, target: '/' }]);
  });

  it('serves ring memory that lies within a recorded range', async () => {
    const bytes = Buffer.from(Array.from({ length: 4096 }, (_, i) => i % 251));
    put('proc/7/ringmem/7f0000001000-7f0000002000-10000000', bytes);
    put('proc/7/ringmem/7f0000002000-7f0000003000-00000000', bytes.subarray(0, 100));
    put('proc/7/ringmem/nonsense', 'x');
    const address = 0x7f0000001000n;
    const results = await openDirectory(dir).memory(7, [
      { address, length: 4096 },
      { address: address + 100n, length: 10 },
      { address: address + 4090n, length: 10 },
      { address: address + 4096n, length: 200 },
      { address: address - 1n, length: 1 },
      { address: 0n, length: 1 },
      { address: address + 8192n, length: 1 },
    ]);
    expect(results[0]).toEqual({ ok: true, data: bytes, truncated: false });
    expect(results[1]).toEqual({ ok: true, data: bytes.subarray(100, 110), truncated: false });
    expect(results[2]).toEqual({ ok: true, data: bytes.subarray(4090), truncated: true });
    expect(results[3]).toEqual({ ok: true, data: bytes.subarray(0, 100), truncated: true });
    expect(outcomes(results.slice(4))).toEqual(['EIO', 'EIO', 'EIO']);
    expect(outcomes(await openDirectory(dir).memory(8, [{ address, length: 1 }]))).toEqual(['EIO']);
  });

  it('says what the recorder could not read, as it was refused', async () => {
    put('errors', '/proc/7/stack: EACCES\n/proc/7/mem ring mapping 7f00 off 0: EPERM\nnonsense\n');
    const target = openDirectory(dir);
    expect(outcomes(await target.read(['/proc/7/stack', '/proc/7/stat']))).toEqual(['EACCES', 'ENOENT']);
    expect(outcomes(await target.memory(7, [{ address: 1n, length: 1 }]))).toEqual(['EPERM']);
  });

  it('gives the look of a moment later, if there is one', async () => {
    put('proc/uptime', '1.00 0');
    expect(openDirectory(dir).later?.()).toBeUndefined();
    put('later/proc/uptime', '2.00 0');
    const target = openDirectory(dir);
    const later = target.later?.();
    expect(later).toBe(target.later?.());
    const [uptime] = (await later?.read(['/proc/uptime'])) ?? [];
    expect(uptime?.ok && uptime.data.toString()).toBe('2.00 0');
    expect(later?.later?.()).toBeUndefined();
    expect(later?.takenAt).toBeUndefined();
  });

  it('dates the later look by the uptimes', () => {
    put('meta', 'date: 2026-11-22T20:30:12Z\narch: aarch64\n');
    put('proc/uptime', '100.00 0');
    put('later/proc/uptime', '101.50 0');
    const later = openDirectory(dir).later?.();
    expect(later?.takenAt?.toISOString()).toBe('2026-11-22T20:30:13.500Z');
    expect(later?.arch).toBe('aarch64');
  });

  it('does not take a link for the later look', () => {
    putLink('later', dir);
    expect(openDirectory(dir).later?.()).toBeUndefined();
  });

  it('knows when it was taken and on which machine, where the tree says so', () => {
    expect(openDirectory(dir).arch).toBe('x86_64');
    expect(openDirectory(dir).takenAt).toBeUndefined();
    put('proc/version', 'Linux version 6.12 (a@b) (aarch64-linux-gnu-gcc-14 (Debian) 14.2.0) #1 SMP');
    expect(openDirectory(dir).arch).toBe('aarch64');
    put('meta', 'name: x\ndate: 2026-11-22T20:30:12Z\narch: riscv64\n');
    expect(openDirectory(dir).arch).toBe('riscv64');
    expect(openDirectory(dir).takenAt?.toISOString()).toBe('2026-11-22T20:30:12.000Z');
    put('meta', 'date: never\n');
    expect(openDirectory(dir).takenAt).toBeUndefined();
  });

  it('has every right: the recorded files speak for themselves', () => {
    expect(openDirectory(dir).rights.uid).toBe(0);
    expect(openDirectory(dir).frozen).toBe(true);
  });
});
