import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { quoted } from './sshErrors';

/** Milliseconds a command has to end once its stdin is closed. */
const FAREWELL = 500;
/** Characters of its complaints that are kept. */
const KEPT = 2000;

/** A command whose stdin and stdout are a connection (ProxyCommand), run by the user's shell. */
export class ProxyCommand extends Duplex {
  private readonly child: ChildProcessWithoutNullStreams;
  private complaint = '';
  private gone = false;

  constructor(command: string, env: NodeJS.ProcessEnv) {
    super();
    const windows = process.platform === 'win32';
    this.child = spawn(windows ? command : `exec ${command}`, {
      shell: windows ? true : env['SHELL'] || true,
      stdio: 'pipe',
      env,
      // A group of its own, which ends as a whole.
      detached: !windows,
      windowsHide: true,
    });
    const { stdin, stdout, stderr } = this.child;
    stderr.on('data', (chunk: Buffer) => {
      this.complaint = (this.complaint + chunk.toString('utf8')).slice(-KEPT);
    });
    stdout.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) stdout.pause();
    });
    stdin.on('error', () => undefined);
    this.child.on('error', (error) => this.ended(error.message));
    this.child.on('close', (code, signal) =>
      this.ended(signal ? `ended by ${signal}` : `ended with code ${code}`),
    );
  }

  override _read(): void {
    this.child.stdout.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.child.stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.child.stdin.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.child.stdin.end();
    if (!this.gone) {
      this.signal('SIGTERM');
      setTimeout(() => this.signal('SIGKILL'), FAREWELL).unref();
    }
    done(error);
  }

  private ended(how: string): void {
    if (this.gone) return;
    this.gone = true;
    const said = quoted(this.complaint);
    this.destroy(new Error(said === '' ? `ProxyCommand ${how}.` : `ProxyCommand ${how}. It said: ${said}.`));
  }

  private signal(name: NodeJS.Signals): void {
    const { pid } = this.child;
    if (this.gone || pid === undefined) return;
    try {
      if (process.platform === 'win32') this.child.kill(name);
      else process.kill(-pid, name);
    } catch {
      // Gone already.
    }
  }
}
