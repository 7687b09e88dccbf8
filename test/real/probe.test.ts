import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { openTestTarget } from './support/probe';

const pid = process.pid;
let target: ProbeTarget;

beforeAll(async () => {
  target = await openTestTarget();
});
afterAll(() => target.dispose());

const errnos = (results: readonly { ok: boolean; errno?: string }[]) =>
  results.map((result) => (result.ok ? 'ok' : result.errno));

describe('the probe reads /proc and /sys', () => {
  it('says who and where it is', () => {
    expect(target.rights.uid).toBe(process.geteuid?.());
    const capEff = /^CapEff:\s*(\w+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    expect(target.rights.capabilities).toBe(BigInt(`0x${capEff}`));
    expect(target.arch).toBe(process.arch === 'arm64' ? 'aarch64' : 'x86_64');
    expect(target.hello.release).toBe(readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim());
    expect(target.hello.processors).toBeGreaterThan(0);
    expect(target.hello.clockTicks).toBe(100);
  });

  it('answers a batch in order, each item with its own outcome', async () => {
    const results = await target.read([
      '/proc/version',
      '/proc/999999999/stat',
      `/proc/${pid}/comm`,
      `/proc/${pid}/fdinfo/9999`,
      `/proc/${pid}/maps`,
      '/sys/fs/fuse/nothing',
    ]);
    expect(errnos(results)).toEqual(['ok', 'ENOENT', 'ok', 'ENOENT', 'ok', 'ENOENT']);
    const text = results.map((result) => (result.ok ? result.data.toString() : ''));
    expect(text[0]).toBe(readFileSync('/proc/version', 'utf8'));
    expect(text[2]).toBe(readFileSync(`/proc/${pid}/comm`, 'utf8'));
    expect(text[4]?.split('\n').length).toBeGreaterThan(100);
  });
});
