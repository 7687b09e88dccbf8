import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import type { Connection } from './connection';
import { notLinux, probeFailed, probeMissing } from './probeErrors';
import { type ProbeOptions, probeArguments } from './probeOptions';
import { connectProbe, type ProbeTarget } from './probeTarget';
import type { Elevation } from './remote/elevate';

/** Milliseconds a probe has to end by itself once its stdin is closed. */
const FAREWELL = 1000;

export interface LocalOptions extends ProbeOptions {
  /** Runs the probe as root. */
  readonly elevation?: Elevation;
}

/** This machine, with the rights this program has or is to get. Rejects with a UserError when the probe cannot be used. */
export async function openLocal(probePath: string, options: LocalOptions = {}): Promise<ProbeTarget> {
  if (process.platform !== 'linux') throw notLinux(process.platform);
  if (options.elevation) {
    const { openElevated } = await import('./remote/openElevated');
    return openElevated(probePath, { ...options, elevation: options.elevation });
  }
  return connectProbe(spawnProbe(probePath, undefined, probeArguments(options)), 'this machine', options);
}

/** Who the probe runs as, where it is not this program's user (needs root). */
export interface ProbeUser {
  readonly uid: number;
  readonly gid: number;
}

/** Starts the probe. Throws a UserError when it is not there or not executable. */
export function spawnProbe(path: string, user?: ProbeUser, args: readonly string[] = []): Connection {
  try {
    accessSync(path, constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw probeMissing(path);
    throw probeFailed(`${path} cannot be run (${code}).`, 'Check its permissions.');
  }
  const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'pipe'], env: {}, cwd: '/', ...user });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaint = (complaint + chunk.toString('utf8')).slice(0, 2000);
  });
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(`${path} cannot be run: ${error.message}.`));
    child.on('close', (code, signal) => {
      const how = signal ? `It was ended by ${signal}.` : `It ended with code ${code}.`;
      resolve(complaint.trim() ? `${how} It said: ${complaint.trim()}` : how);
    });
  });
  let closed = false;
  const close = () => {
    if (closed) return;
    closed = true;
    child.stdin.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), FAREWELL);
    child.on('exit', () => clearTimeout(timer));
    // A program that only waits for the probe's end may itself end.
    timer.unref();
    child.unref();
  };
  return { input: child.stdin, output: child.stdout, ended, close };
}
