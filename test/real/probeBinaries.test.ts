import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseMaps } from '../../src/procfs/maps';
import type { BinaryFile } from '../../src/target/binaries';
import { spawnProbe } from '../../src/target/local';
import { connectProbe, type ProbeTarget } from '../../src/target/probeTarget';
import { pidOf } from './support/installed';
import { childrenOf, eventually, everybodysProbe, outcomes, stateOf } from './support/probe';
import { until } from './support/proc';
import { killGroup, toRelease, toReleaseByShell } from './support/releases';
import type { Running } from './support/victim';

const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
let probe: string;
let folder: string;

beforeAll(async () => {
  probe = await everybodysProbe();
  folder = mkdtempSync(join(tmpdir(), 'inspect-binaries-'));
  chmodSync(folder, 0o755);
  toReleaseByShell(`rm -rf '${folder}'`);
  copyFileSync('/bin/sleep', join(folder, 'program'));
  chmodSync(join(folder, 'program'), 0o755);
  writeFileSync(join(folder, 'text'), 'no binary');
  chmodSync(join(folder, 'text'), 0o644);
});

const opened: ProbeTarget[] = [];
afterAll(() => {
  for (const target of opened) target.dispose();
});

async function open(
  args: readonly string[] = [],
  env?: Record<string, string>,
  user?: { uid: number; gid: number },
): Promise<ProbeTarget> {
  const target = env
    ? await connectProbe(
        spawnProbe('/usr/bin/env', user, [
          ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
          probe,
          ...args,
        ]),
        'test',
      )
    : await connectProbe(spawnProbe(probe, user, args), 'test');
  opened.push(target);
  return target;
}

async function running(context: Running, path: string): Promise<number> {
  const pid = pidOf(spawn(path, ['1000'], { stdio: 'ignore', detached: true, cwd: '/' }));
  context.onTestFinished(toRelease(() => killGroup(pid)));
  await until(
    () => readFileSync(`/proc/${pid}/comm`, 'latin1').trim() === path.split('/').at(-1),
    'its program',
  );
  return pid;
}

const inside = (path: string, pid = 0): BinaryFile => ({ kind: 'inside', pid, path });

async function bytesOf(
  target: ProbeTarget,
  file: BinaryFile,
  offset: number,
  length: number,
): Promise<Buffer | string> {
  const [answer] = await target.binaries.read([{ file, offset, length }]);
  return answer?.ok ? answer.data : (answer?.errno ?? '');
}

function mappings(pid: number): BinaryFile[] {
  const { rows } = parseMaps(readFileSync(`/proc/${pid}/maps`, 'latin1'));
  return rows
    .filter(({ inode, offset }) => inode !== 0 && offset === 0n)
    .map(({ start, end }) => ({ kind: 'mapped', pid, start, end }));
}

describe('binaries', () => {
  it('are read where a process has them mapped, also after they were deleted', async (context) => {
    if (!isRoot) context.skip('needs root to follow /proc/PID/map_files');
    const path = join(folder, 'gone');
    copyFileSync('/bin/sleep', path);
    chmodSync(path, 0o755);
    const content = readFileSync(path);
    const pid = await running(context, path);
    rmSync(path);
    const target = await open();
    const [file] = mappings(pid);
    if (!file) throw new Error('nothing is mapped');
    for (const one of [file, { kind: 'executable', pid } as const]) {
      expect(await bytesOf(target, one, 0, content.length)).toEqual(content);
      expect(await bytesOf(target, one, content.length - 10, 100)).toEqual(content.subarray(-10));
      const [identity] = await target.binaries.identify([one]);
      expect(identity).toMatchObject({ size: content.length });
    }
  });

  it('are read by a path in the root of a process, links and all', async () => {
    const target = await open();
    const content = readFileSync(join(folder, 'program'));
    rmSync(join(folder, 'link'), { force: true });
    symlinkSync('program', join(folder, 'link'));
    for (const path of ['program', 'link'])
      for (const pid of [0, process.pid])
        expect(await bytesOf(target, inside(join(folder, path), pid), 0, content.length)).toEqual(content);
    const { ino, mtimeMs, size } = statSync(join(folder, 'program'));
    const [identity] = await target.binaries.identify([inside(join(folder, 'program'))]);
    expect(identity).toMatchObject({ size, inode: BigInt(ino), modified: Math.floor(mtimeMs / 1000) });
  });

  it('are all that is read', async () => {
    const target = await open();
    const files = [
      join(folder, 'text'),
      folder,
      '/etc/passwd',
      '/dev/null',
      '/dev/zero',
      '/proc/self/exe',
      '/proc/kcore',
      '',
      join(folder, 'none'),
    ];
    const answers = await target.binaries.read(
      files.map((path) => ({ file: inside(path), offset: 0, length: 4 })),
    );
    expect(outcomes(answers)).toEqual([
      'EPERM',
      'EPERM',
      'EPERM',
      'EPERM',
      'EPERM',
      'ELOOP',
      expect.stringMatching(/EPERM|ENOENT/),
      'EINVAL',
      'ENOENT',
    ]);
  });

  it('of a process that is gone, or of no mapping, are not there', async (context) => {
    if (!isRoot) context.skip('needs root to follow /proc/PID/map_files');
    const target = await open();
    const files: BinaryFile[] = [
      { kind: 'mapped', pid: process.pid, start: 4096n, end: 8192n },
      { kind: 'mapped', pid: 2 ** 22 + 1, start: 4096n, end: 8192n },
      { kind: 'executable', pid: 2 ** 22 + 1 },
      { kind: 'executable', pid: 2 },
      inside('/bin/sleep', 2 ** 22 + 1),
    ];
    const answers = await target.binaries.read(files.map((file) => ({ file, offset: 0, length: 4 })));
    expect(outcomes(answers)).toEqual(['ENOENT', 'ENOENT', 'ENOENT', 'ENOENT', 'ENOENT']);
  });
});

describe('names of code that a process makes while it runs', () => {
  const perfMap = (pid: number, number = pid): BinaryFile => ({ kind: 'perfMap', pid, number });
  const pathOf = (number: number): string => `/tmp/perf-${number}.map`;

  async function stage(context: Running): Promise<{ readonly pid: number; readonly target: ProbeTarget }> {
    const pid = await running(context, join(folder, 'program'));
    context.onTestFinished(toRelease(() => rmSync(pathOf(pid), { force: true, recursive: true })));
    return { pid, target: await open() };
  }

  it('are read from the file of its number', async (context) => {
    const { pid, target } = await stage(context);
    expect(await bytesOf(target, perfMap(pid), 0, 100)).toBe('ENOENT');
    writeFileSync(pathOf(pid), '1000 20 py::f:x.py\n', { mode: 0o644 });
    expect(await bytesOf(target, perfMap(pid), 0, 100)).toEqual(Buffer.from('1000 20 py::f:x.py\n'));
    expect(await bytesOf(target, perfMap(pid), 5, 2)).toEqual(Buffer.from('20'));
    expect(await target.binaries.identify([perfMap(pid)])).toMatchObject([{ size: 19 }]);
    expect(await bytesOf(target, perfMap(0, pid), 0, 100)).toBe('EINVAL');
    expect(await bytesOf(target, perfMap(2 ** 22 + 1), 0, 100)).toBe('ENOENT');
  });

  it('are not read through a link, nor from what is no file', async (context) => {
    const { pid, target } = await stage(context);
    symlinkSync(join(folder, 'program'), pathOf(pid));
    expect(await bytesOf(target, perfMap(pid), 0, 4)).toBe('ELOOP');
    rmSync(pathOf(pid));
    mkdirSync(pathOf(pid));
    expect(await bytesOf(target, perfMap(pid), 0, 4)).toBe('EPERM');
  });

  it('are not taken from another user, nor with root’s rights', async (context) => {
    if (!isRoot) context.skip('needs root to give files away');
    const { pid, target } = await stage(context);
    writeFileSync(pathOf(pid), '1000 20 f\n', { mode: 0o644 });
    chownSync(pathOf(pid), 1234, 1234);
    expect(await bytesOf(target, perfMap(pid), 0, 4)).toBe('EPERM');
    chownSync(pathOf(pid), 0, 0);
    chmodSync(pathOf(pid), 0o600);
    expect(await bytesOf(target, perfMap(pid), 0, 4)).toBe('EACCES');
  });
});

describe('a sudo rule for the probe', () => {
  /** An ELF file that root alone may read, and one that is the user's alone. */
  function secrets(): { readonly ofRoot: string; readonly ofUser: string; readonly below: string } {
    const ofRoot = join(folder, 'of-root');
    const ofUser = join(folder, 'of-user');
    const below = join(folder, 'closed', 'program');
    for (const path of [ofRoot, ofUser]) {
      copyFileSync('/bin/sleep', path);
      chmodSync(path, 0o700);
    }
    chownSync(ofUser, 1234, 1234);
    mkdirSync(join(folder, 'closed'), { recursive: true, mode: 0o700 });
    copyFileSync('/bin/sleep', below);
    chmodSync(below, 0o755);
    return { ofRoot, ofUser, below };
  }
  const asked = (paths: readonly string[]) =>
    paths.map((path) => ({ file: inside(path), offset: 0, length: 4 }));

  it('opens no path that its user may not open', async (context) => {
    if (!isRoot) context.skip('needs root');
    const { ofRoot, ofUser, below } = secrets();
    const byUser = await open([], { SUDO_UID: '1234', SUDO_GID: '1234' });
    const byNobody = await open();
    const forged = await open([], { SUDO_UID: '0', SUDO_GID: '0' });
    const paths = [ofRoot, ofUser, below, join(folder, 'program')];
    expect(outcomes(await byUser.binaries.read(asked(paths)))).toEqual(['EACCES', 'ok', 'EACCES', 'ok']);
    for (const target of [byNobody, forged])
      expect(outcomes(await target.binaries.read(asked(paths)))).toEqual([
        'EACCES',
        'EACCES',
        'EACCES',
        'ok',
      ]);
  });

  it('with --no-memory gives no mapped file that only root may read', async (context) => {
    if (!isRoot) context.skip('needs root');
    const { ofRoot } = secrets();
    const pid = await running(context, ofRoot);
    const files: BinaryFile[] = [{ kind: 'executable', pid }, ...mappings(pid).slice(0, 1)];
    const ranges = files.map((file) => ({ file, offset: 0, length: 4 }));
    expect(outcomes(await (await open()).binaries.read(ranges))).toEqual(['ok', 'ok']);
    expect(outcomes(await (await open(['--no-memory'])).binaries.read(ranges))).toEqual(['EPERM', 'EPERM']);
  });

  it('leaves no reader behind when the probe is killed after a path was opened', async (context) => {
    if (!isRoot) context.skip('needs root');
    const target = await open();
    expect(outcomes(await target.binaries.read(asked([join(folder, 'program')])))).toEqual(['ok']);
    const readers = childrenOf(target.hello.pid);
    expect(readers).toHaveLength(1);
    process.kill(target.hello.pid, 'SIGKILL');
    await eventually('its reader has ended', () => readers.every((pid) => stateOf(pid) === undefined));
  });

  it('an ordinary user’s probe reads what that user may', async (context) => {
    if (!isRoot) context.skip('needs root to become another user');
    const { ofRoot } = secrets();
    const target = await open([], undefined, { uid: NOBODY, gid: NOBODY });
    const answers = await target.binaries.read([
      ...asked([ofRoot, join(folder, 'program')]),
      { file: { kind: 'executable', pid: process.pid }, offset: 0, length: 4 },
    ]);
    expect(outcomes(answers)).toEqual(['EACCES', 'ok', 'EACCES']);
  });
});
