/** Starts the stuck programs of test/victims for the editor's tests, each in a directory of its own. */
import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { build } from '../victims/build.mjs';
import { root } from './install.mjs';
import { Skip } from './report.mjs';

const binaries = path.join(root, '.cache/victims');

/**
 * Starts a program with its arguments and waits until it is stuck. Answers `pid`, `truth` and `stop()`;
 * throws Skip where the kernel or a right does not allow it.
 */
export async function startVictim(program, ...args) {
  compile(program);
  const directory = await workDirectory();
  const child = spawn(path.join(binaries, program), args, { cwd: directory, stdio: 'pipe' });
  return whenReady(child, directory, () => child.kill('SIGKILL'));
}

/** The same for a program that the caller has built; `file` is its path. */
export async function startProgram(file, ...args) {
  const directory = await workDirectory();
  const child = spawn(file, args, { cwd: directory, stdio: 'pipe' });
  return whenReady(child, directory, () => child.kill('SIGKILL'));
}

/** The program of test/victims for a debugger, with debug information; and what of Debian's debugs it. Throws Skip where one is absent. */
export function debuggee() {
  const adapter = '/usr/bin/lldb-vscode-14';
  if (!existsSync(adapter)) throw new Skip('needs a debugger that speaks DAP (apt-get install lldb-14)');
  const folder = path.join(root, '.cache/debuggee');
  compile('debuggee', folder, ['-g', '-O0']);
  return path.join(folder, 'debuggee');
}

/** Mounts a FUSE file system whose server never answers reads of files named `hang…`; answers its `mount` too. */
export async function startHungFileServer() {
  if (process.getuid() !== 0) throw new Skip('needs root: mounts a FUSE file system');
  if (!existsSync('/dev/fuse')) throw new Skip('needs /dev/fuse');
  compile('hangfs');
  const directory = await workDirectory();
  const mount = path.join(directory, 'mnt');
  await mkdir(mount);
  // The server ends when its stdin closes, also because this process died; then nothing stays mounted.
  const script = '"$0" "$1"; umount -l "$1" 2>/dev/null; true';
  const child = spawn('/bin/sh', ['-c', script, path.join(binaries, 'hangfs'), mount], {
    detached: true,
    stdio: 'pipe',
  });
  return { ...(await whenReady(child, directory, () => child.stdin.end())), mount };
}

const directories = new Set();
process.on('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

async function workDirectory() {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'io-uring-inspector-victim-'));
  directories.add(directory);
  return directory;
}

async function whenReady(child, directory, end) {
  const closed = new Promise((resolve) => child.on('close', resolve));
  const stop = async () => {
    end();
    await closed;
    await rm(directory, { recursive: true, force: true });
    directories.delete(directory);
  };
  try {
    const { ready, pid, truth, why } = await verdict(child);
    if (!ready) throw new Skip(why);
    return { pid, truth, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function compile(program, folder = binaries, flags = []) {
  try {
    build(folder, [program], flags);
  } catch (error) {
    if (!/ENOENT/.test(error.message)) throw error;
    throw new Skip('needs a C compiler to make its stuck program (apt-get install gcc libc6-dev)');
  }
}

/** The program's verdict: before it, `truth` prints a line for each request. */
function verdict(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    let errors = '';
    child.stderr.on('data', (data) => {
      errors += data;
    });
    child.stdout.on('data', (data) => {
      const lines = (text + data).split('\n');
      text = lines.pop();
      for (const line of lines) {
        const told = JSON.parse(line);
        if ('unsupported' in told) resolve({ ready: false, why: told.unsupported });
        if ('ready' in told) resolve(told);
      }
    });
    child.on('error', reject);
    child.on('close', (code) => reject(new Error(`${child.spawnfile} ended with ${code}: ${errors}`)));
  });
}
