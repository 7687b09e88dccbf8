import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLocal } from '../../../src/target/local';
import { probePath } from '../../../src/target/probePath';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'inspect-path-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function put(path: string): string {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), '');
  return join(dir, path);
}

describe('probePath', () => {
  it('takes the probe beside the bundle, for the machine', () => {
    const x64 = put('dist/probe/linux-x64/io-uring-probe');
    const arm64 = put('dist/probe/linux-arm64/io-uring-probe');
    expect(probePath(join(dir, 'dist'), 'x64', {})).toBe(x64);
    expect(probePath(join(dir, 'dist'), 'arm64', {})).toBe(arm64);
  });

  it('finds a build above when run from source', () => {
    const built = put('dist/probe/linux-x64/io-uring-probe');
    expect(probePath(join(dir, 'src/target'), 'x64', {})).toBe(built);
  });

  it('gives the place where it ought to be when there is none', () => {
    expect(probePath(join(dir, 'dist'), 'x64', {})).toBe(join(dir, 'dist/probe/linux-x64/io-uring-probe'));
  });

  it('prefers what the environment says', () => {
    put('dist/probe/linux-x64/io-uring-probe');
    expect(probePath(join(dir, 'dist'), 'x64', { IO_URING_PROBE: '/opt/probe' })).toBe('/opt/probe');
  });
});

describe('openLocal', () => {
  it('says that the probe is missing and how to get it', async () => {
    const opening = openLocal(join(dir, 'no/probe'));
    await expect(opening).rejects.toMatchObject(
      process.platform === 'linux'
        ? {
            code: 'probe-missing',
            why: expect.stringContaining(dir),
            remedy: expect.stringContaining('npm run build'),
          }
        : { code: 'not-linux' },
    );
  });

  it.runIf(process.platform === 'linux')('says when it cannot be run, or is something else', async () => {
    const path = put('probe');
    await expect(openLocal(path)).rejects.toMatchObject({ code: 'probe-failed' });
    await expect(openLocal('/bin/echo')).rejects.toMatchObject({ code: 'probe-failed' });
    await expect(openLocal('/bin/false')).rejects.toMatchObject({
      code: 'probe-failed',
      why: 'It ended with code 1.',
    });
  });
});
