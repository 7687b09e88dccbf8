// The bundled program of the demo (server.c), which gets stuck for real.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from '../victims/build.mjs';
import { Missing, root } from './prepare.mjs';

/**
 * Compiles and starts it in a directory of its own; resolves once it is stuck, with `pid`, `directory` and `stop()`,
 * which ends it and its helper and removes the directory. With `keep` it outlives this process, for five minutes.
 */
export async function startDemoProgram({ keep = false } = {}) {
  const programs = path.join(root, '.cache/demo');
  build(programs, ['server'], ['-g']);
  const directory = mkdtempSync(path.join(os.tmpdir(), 'io-uring-demo-'));
  const child = spawn(path.join(programs, 'server'), [], {
    cwd: directory,
    detached: true,
    env: { ...process.env, ...(keep ? { KEEP: '1' } : {}) },
    // A kept program must not hold the terminal's or a pipeline's end open.
    stdio: ['pipe', 'pipe', keep ? 'ignore' : 'inherit'],
  });
  const stop = () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const { ready, pid, why } = JSON.parse(await firstLine(child));
    if (!ready) throw new Missing(`The demo program cannot get stuck here: ${why}.`);
    if (keep) for (const handle of [child.stdin, child.stdout, child]) handle.unref();
    return { pid, directory, stop };
  } catch (error) {
    stop();
    throw error;
  }
}

/** What a started program says of itself. */
export function firstLine(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.on('error', reject);
    child.on('close', (code) => reject(new Missing(`The demo program ended at once (exit code ${code}).`)));
  });
}
