import { connect, createServer, type Socket } from 'node:net';
import { toRelease } from '../real/support/releases';
import type { Running } from '../real/support/victim';

/** What has passed since the last `reset`. */
export interface Passed {
  readonly up: number;
  readonly down: number;
  /** Turns of the client's words: what comes within one round trip of a turn's first word can be no answer to it. */
  readonly turns: number;
}

/** A way to a server that takes `delay` milliseconds in each direction, and counts. */
export class DelayingProxy {
  port = 0;
  private up = 0;
  private down = 0;
  private turns = 0;
  private turnSince = 0;

  private constructor(private readonly delay: number) {}

  static async start(running: Running, to: number, delay: number): Promise<DelayingProxy> {
    const proxy = new DelayingProxy(delay);
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const upstream = connect({ port: to, host: '127.0.0.1', noDelay: true });
      client.setNoDelay(true);
      for (const socket of [client, upstream]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          sockets.delete(socket);
          client.destroy();
          upstream.destroy();
        });
      }
      client.on('data', (chunk: Buffer) => {
        proxy.said(chunk.length);
        proxy.later(() => upstream.write(chunk));
      });
      upstream.on('data', (chunk: Buffer) => {
        proxy.down += chunk.length;
        proxy.later(() => client.write(chunk));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    running.onTestFinished(
      toRelease(() => {
        server.close();
        for (const socket of sockets) socket.destroy();
      }),
    );
    const address = server.address();
    if (typeof address === 'object' && address) proxy.port = address.port;
    return proxy;
  }

  reset(): void {
    [this.up, this.down, this.turns, this.turnSince] = [0, 0, 0, 0];
  }

  get passed(): Passed {
    return { up: this.up, down: this.down, turns: this.turns };
  }

  private said(bytes: number): void {
    this.up += bytes;
    const now = performance.now();
    if (this.turns > 0 && now - this.turnSince < 2 * this.delay) return;
    this.turns += 1;
    this.turnSince = now;
  }

  /** Timers of one length end in the order they were begun. */
  private later(work: () => void): void {
    setTimeout(work, this.delay);
  }
}
