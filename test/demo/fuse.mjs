// The demo's second story, for root: a program (orders.c) reads a file whose FUSE server has fallen silent.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from '../victims/build.mjs';
import { Missing, root } from './prepare.mjs';
import { firstLine } from './program.mjs';

// Both programs end when their stdin closes, also because this process died; then nothing stays mounted.
const fileServer =
  '"$0/remotefs" "$1" orders.db; umount -l "$1" 2>/dev/null; rmdir "$1"; rm "$0"/*; rmdir "$0"';

/** Says why the story cannot be had here. */
export function checkFuse() {
  if (process.getuid?.() !== 0)
    throw new Missing('The story "fuse" mounts a file system: run it as root, or take the story "server".');
  if (!existsSync('/dev/fuse')) throw new Missing('The story "fuse" needs /dev/fuse: modprobe fuse');
}

/** Mounts the file system and starts the program; resolves once it is stuck, with `pid` and `stop()`. */
export async function startFuseStory() {
  const compiled = path.join(root, '.cache/demo');
  build(compiled, ['hangfs', 'orders'], ['-g']);
  // Under the names they would have in life.
  const programs = mkdtempSync(path.join(os.tmpdir(), 'io-uring-demo-'));
  symlinkSync(path.join(compiled, 'orders'), path.join(programs, 'server'));
  symlinkSync(path.join(compiled, 'hangfs'), path.join(programs, 'remotefs'));
  const mount = newDirectory(path.join(os.tmpdir(), 'data'));
  const started = [];
  const start = async (command, ...args) => {
    const child = spawn(command, args, { detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
    started.push({ child, closed: once(child, 'close') });
    const { ready, pid, why } = JSON.parse(await firstLine(child));
    if (!ready) throw new Missing(`The story "fuse" cannot be had here: ${why}.`);
    return pid;
  };
  const stop = async () => {
    for (const { child, closed } of started.reverse()) {
      child.stdin.end();
      await closed;
    }
  };
  try {
    await start('/bin/sh', '-c', fileServer, programs, mount);
    return { pid: await start(path.join(programs, 'server'), path.join(mount, 'orders.db')), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Makes the directory, under a longer name where somebody has this one. */
function newDirectory(name) {
  try {
    mkdirSync(name, { mode: 0o700 });
    return name;
  } catch {
    return mkdtempSync(`${name}-`);
  }
}
