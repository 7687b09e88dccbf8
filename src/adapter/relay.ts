import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';

/** Passes on what comes; once nobody takes it any more, takes it all the same until the writers have gone. */
const PASS_ON = 'trap "" PIPE; cat 2>/dev/null; exec cat >/dev/null';

/** Takes what a program writes, and outlives this process for as long as the program writes. */
export interface Relay {
  /** What the program is given to write to; let go of it then. */
  readonly input: Writable;
  /** Resolves when all that has been written was told: the program has ended, and all that it had given the way to. */
  readonly done: Promise<void>;
}

/**
 * Stands between this process and a program that goes on without it: a pipe that nobody reads ends its writer with SIGPIPE, and one
 * that is only held open stops it once that is full. A process of its own, so that it serves even where this one is killed. Undefined
 * where there is no shell.
 */
export function startRelay(told: (text: string) => void): Relay | undefined {
  const relay = spawn('/bin/sh', ['-c', PASS_ON], {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin' },
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  relay.once('error', () => undefined);
  if (relay.pid === undefined) return undefined;
  relay.stdin.on('error', () => undefined);
  relay.stdout.setEncoding('utf8').on('data', told);
  const done = new Promise<void>((resolve) => relay.stdout.once('close', resolve));
  holdsNothingUp(relay);
  return { input: relay.stdin, done };
}

/** This process may end before that one does. */
export function holdsNothingUp(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr])
    if (stream instanceof Socket) stream.unref();
}
