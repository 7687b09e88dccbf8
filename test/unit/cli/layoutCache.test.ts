import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheDirectory, LayoutFiles } from '../../../src/cli/layoutCache';

describe('LayoutFiles', () => {
  let base: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'layout-cache-'));
  });
  afterEach(() => rmSync(base, { recursive: true }));

  it('gives back what was saved, by key', async () => {
    const files = new LayoutFiles(join(base, 'deep/er'));
    await files.save('one', 'text of one');
    await files.save('two/../../etc', 'text of two');
    expect(await files.load('one')).toBe('text of one');
    expect(await files.load('two/../../etc')).toBe('text of two');
    expect(await files.load('three')).toBeUndefined();
    await files.save('one', 'newer');
    expect(await files.load('one')).toBe('newer');
  });

  it('lets nobody else read, and leaves nothing half written', async () => {
    const directory = join(base, 'cache');
    await new LayoutFiles(directory).save('key', 'text');
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    const [name = '', ...others] = readdirSync(directory);
    expect(others).toEqual([]);
    expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
  });

  it('takes a directory it cannot write for an empty cache', async () => {
    writeFileSync(join(base, 'file'), '');
    const files = new LayoutFiles(join(base, 'file/below'));
    await files.save('key', 'text');
    expect(await files.load('key')).toBeUndefined();
  });

  it('does not write through a link somebody has put there, and reads nothing that is too long', async () => {
    const files = new LayoutFiles(base);
    await files.save('key', 'text');
    const [name = ''] = readdirSync(base);
    const victim = join(base, 'victim');
    writeFileSync(victim, 'untouched');
    symlinkSync(victim, join(base, `${name}.${process.pid}`));
    await files.save('key', 'other');
    expect(await files.load('key')).toBe('text');
    expect(statSync(victim).size).toBe('untouched'.length);
    writeFileSync(join(base, name), 'x'.repeat(300_000));
    expect(await files.load('key')).toBeUndefined();
  });
});

describe('cacheDirectory', () => {
  it('follows XDG_CACHE_HOME where that is absolute', () => {
    expect(cacheDirectory({ XDG_CACHE_HOME: '/var/cache' })).toBe('/var/cache/io-uring-inspector');
    expect(cacheDirectory({ XDG_CACHE_HOME: 'relative' })).toMatch(/^\/.*\/\.cache\/io-uring-inspector$/);
  });
});
