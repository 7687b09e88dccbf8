import type { Duplex } from 'node:stream';

export interface Outcome {
  readonly code: number;
  /** What it wrote to stdout and stderr. */
  readonly output: string;
}

/** A command that the machine carries out. */
export interface Command {
  /** Its lines of output up to the one that `isLast`; rejects when it ends before. */
  readonly lines: Promise<readonly string[]>;
  /** Never rejects while the machine lives. */
  readonly outcome: Promise<Outcome>;
}

export type LastLine = (line: string) => boolean;

interface Running {
  readonly lines: string[];
  readonly onLine: (line: string) => void;
  readonly onEnd: (code: number) => void;
}

/** The other end of the port `control` of guest/init. */
export class Control {
  private readonly running = new Map<number, Running>();
  private nextId = 1;
  private rest = '';
  private failed: Error | undefined;
  private readonly failures: ((error: Error) => void)[] = [];
  /** Resolves when the machine takes commands. */
  readonly ready: Promise<void>;

  constructor(private readonly port: Duplex) {
    const { lines } = this.expect(0, () => true);
    this.ready = lines.then(() => undefined);
    port.on('data', (chunk: Buffer) => this.receive(chunk));
    port.on('error', (error: Error) => this.fail(error));
  }

  /** Starts a command of the machine's shell. */
  start(command: string, isLast: LastLine = () => true): Command {
    const id = this.nextId++;
    const started = this.expect(id, isLast);
    this.port.write(`${id} ${command}\n`);
    return started;
  }

  /** Rejects everything under way: the machine is no more. */
  fail(error: Error): void {
    this.failed ??= error;
    for (const reject of this.failures) reject(error);
    this.running.clear();
  }

  private expect(id: number, isLast: LastLine): Command {
    const { failed } = this;
    if (failed) return { lines: Promise.reject(failed), outcome: Promise.reject(failed) };
    const said: string[] = [];
    let onLine: (line: string) => void = () => undefined;
    let onEnd: (code: number) => void = () => undefined;
    const outcome = new Promise<Outcome>((resolve, reject) => {
      onEnd = (code) => resolve({ code, output: said.map((line) => `${line}\n`).join('') });
      this.failures.push(reject);
    });
    const lines = new Promise<readonly string[]>((resolve, reject) => {
      onLine = (line) => {
        if (isLast(line)) resolve([...said]);
      };
      outcome.then(({ code, output }) => reject(new Error(`it ended with ${code}: ${output}`)), reject);
    });
    // Whoever waits for the one need not wait for the other.
    for (const promise of [outcome, lines]) promise.catch(() => undefined);
    this.running.set(id, { lines: said, onLine, onEnd });
    return { lines, outcome };
  }

  private receive(chunk: Buffer): void {
    const lines = (this.rest + chunk.toString('utf8')).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const match = /^(\d+) ([:.])(.*)$/.exec(line);
      const id = Number(match?.[1]);
      const command = this.running.get(id);
      if (!command) continue;
      const text = match?.[3] ?? '';
      if (match?.[2] === ':') {
        command.lines.push(text);
        command.onLine(text);
      } else {
        command.onEnd(Number(text));
        this.running.delete(id);
      }
    }
  }
}
