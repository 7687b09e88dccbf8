import type { Duplex } from 'node:stream';

/** The emulator's own door (QMP, qemu/docs/interop/qmp-spec): commands in JSON, one a line, answered in order. */
export class Monitor {
  private rest = '';
  private greeted: Promise<void> | undefined;
  private readonly asked: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  constructor(private readonly port: Duplex) {
    port.on('data', (chunk: Buffer) => this.receive(chunk));
    port.on('close', () => this.fail(new Error('the emulator has ended')));
    port.on('error', (error: Error) => this.fail(error));
  }

  /** Rejects with the emulator's words when it refuses. */
  async execute(command: string, parameters: object = {}): Promise<void> {
    this.greeted ??= this.send('qmp_capabilities', {});
    await this.greeted;
    await this.send(command, parameters);
  }

  private send(command: string, parameters: object): Promise<void> {
    return new Promise((resolve, reject) => {
      this.asked.push({ resolve, reject });
      this.port.write(`${JSON.stringify({ execute: command, arguments: parameters })}\n`);
    });
  }

  private receive(chunk: Buffer): void {
    const lines = (this.rest + chunk.toString('utf8')).split('\n');
    this.rest = lines.pop() ?? '';
    for (const line of lines.filter((one) => one.trim() !== '')) {
      const said = JSON.parse(line) as {
        readonly return?: object;
        readonly error?: { readonly desc: string };
      };
      if (said.error) this.asked.shift()?.reject(new Error(said.error.desc));
      // Its greeting and what it tells unasked have neither.
      else if (said.return) this.asked.shift()?.resolve();
    }
  }

  private fail(error: Error): void {
    for (const { reject } of this.asked.splice(0)) reject(error);
  }
}
