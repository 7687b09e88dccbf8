import { spawn, spawnSync } from 'node:child_process';
import { expect } from 'vitest';
import { toRelease } from './releases';
import type { Running } from './victim';

/** A command that runs on a terminal of its own, before which somebody sits. */
export class TerminalSession {
  /** Everything that stood on the terminal so far. */
  shown = '';
  readonly ended: Promise<void>;
  private readonly child;

  constructor(running: Running, command: string) {
    if (spawnSync('script', ['--version']).error) running.skip('needs script, of the package bsdutils');
    this.child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout.on('data', (chunk: Buffer) => {
      this.shown += chunk.toString();
    });
    this.ended = new Promise((resolve) => this.child.on('close', () => resolve()));
    running.onTestFinished(toRelease(() => this.child.kill('SIGKILL')));
  }

  /** Waits until the terminal shows this. */
  sees(words: string | RegExp): Promise<void> {
    const awaited = expect.poll(() => this.shown, { timeout: 20_000, interval: 20 });
    return typeof words === 'string' ? awaited.toContain(words) : awaited.toMatch(words);
  }

  /** One line. */
  type(text: string): void {
    this.child.stdin.write(`${text}\r`);
  }

  close(): void {
    this.child.stdin.end();
  }
}

/** A word of a command line for a shell. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
