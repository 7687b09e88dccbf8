import { PassThrough } from 'node:stream';
import type { UserError } from '../../model/errors';
import type { RemoteCommand, RemoteEnd } from '../remoteHost';
import { hostLost, hostSilent, shellFailed } from './remoteErrors';

/** Bytes that may come before our own words: banners, what a .bashrc prints. */
const NOISE = 64 << 10;
/** Bytes of one line of ours. */
const LINE = 8 << 10;
/** Characters kept of what a command complains of. */
const COMPLAINT = 4000;

/** What came where the marker was awaited. */
export interface Said {
  /** On stdout, not ours. */
  readonly noise: string;
  readonly complaint: string;
  readonly end?: RemoteEnd;
}

/**
 * The words between us and a script of ours, before the command's streams belong to the probe: lines that begin with the marker.
 * What stands before the first of them is noise.
 */
export class Conversation {
  private buffer = Buffer.alloc(0);
  private end: RemoteEnd | undefined;
  private complained = '';
  private wake: () => void = () => {};
  private readonly marker: Buffer;
  /** Stderr of whoever takes over. */
  private readonly laterErrors = new PassThrough();
  private released = false;

  constructor(
    readonly command: RemoteCommand,
    marker: string,
    private readonly label: string,
  ) {
    this.marker = Buffer.from(`${marker} `);
    command.output.on('readable', this.pull);
    command.output.on('error', () => undefined);
    command.errors.on('data', this.complain);
    command.errors.on('error', () => undefined);
    // A write to a command that has ended; its end says why.
    command.input.on('error', () => undefined);
    void command.ended.then((end) => {
      if (!this.released) this.pull();
      this.end = end;
      this.wake();
    });
  }

  /** The next line of ours, without marker. Rejects with a UserError when it does not come within `patience` milliseconds. */
  async next(patience: number, signal?: AbortSignal): Promise<string> {
    this.pull();
    for await (const _ of this.changes(patience, signal)) {
      const line = this.takeLine();
      if (line !== undefined) return line;
      if (this.end || this.buffer.length > NOISE) break;
    }
    throw this.problem(patience);
  }

  /** Looks again after every change, until `patience` is over. */
  async *changes(patience: number, signal?: AbortSignal): AsyncGenerator<void> {
    let late = false;
    const abort = () => this.wake();
    const timer = setTimeout(() => {
      late = true;
      this.wake();
    }, patience);
    signal?.addEventListener('abort', abort);
    try {
      for (;;) {
        const changed = new Promise<void>((resolve) => {
          this.wake = resolve;
        });
        yield;
        if (late) return;
        signal?.throwIfAborted();
        await changed;
        signal?.throwIfAborted();
      }
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  get said(): Said {
    const noise = this.buffer.toString('utf8');
    const { end, complained } = this;
    return { noise, complaint: complained, ...(end ? { end } : {}) };
  }

  /** Whether bytes have come that no `next` has taken. */
  get hasOutput(): boolean {
    return this.buffer.length > 0;
  }

  write(text: string): void {
    this.command.input.write(text);
  }

  /** Whether stderr has `prompt`; it and what stood before it is forgotten then. */
  takePrompt(prompt: string): boolean {
    const at = this.complained.indexOf(prompt);
    if (at >= 0) this.complained = this.complained.slice(at + prompt.length);
    return at >= 0;
  }

  /** Hands the streams over; what has come on stdout already is read from there again. */
  release(): RemoteCommand {
    const { input, output, ended } = this.command;
    this.released = true;
    output.off('readable', this.pull);
    if (this.buffer.length > 0) output.unshift(this.buffer);
    this.buffer = Buffer.alloc(0);
    return { input, output, errors: this.laterErrors, ended, kill: () => this.command.kill() };
  }

  private problem(patience: number): UserError {
    const { end, noise, complaint } = this.said;
    if (end?.lost !== undefined) return hostLost(this.label, end.lost);
    if (end || noise.length > NOISE)
      return shellFailed(this.label, { noise, complaint, ...(end ? { end } : {}) });
    return hostSilent(this.label, patience, noise || complaint);
  }

  private takeLine(): string | undefined {
    const from = this.buffer.indexOf(this.marker);
    if (from < 0) return undefined;
    const start = from + this.marker.length;
    const end = this.buffer.indexOf(0x0a, start);
    if (end < 0 || end - start > LINE) return undefined;
    const line = this.buffer.toString('utf8', start, end);
    this.buffer = this.buffer.subarray(end + 1);
    return line.replace(/\r$/, '');
  }

  private readonly pull = (): void => {
    // What is more stays in the stream until this is taken.
    while (this.buffer.length <= NOISE) {
      const chunk: unknown = this.command.output.read();
      if (!Buffer.isBuffer(chunk)) break;
      this.buffer = Buffer.concat([this.buffer, chunk]);
    }
    this.wake();
  };

  private readonly complain = (chunk: Buffer): void => {
    if (this.released) {
      this.laterErrors.write(chunk);
      return;
    }
    this.complained = (this.complained + chunk.toString('utf8')).slice(-COMPLAINT);
    this.wake();
  };
}
