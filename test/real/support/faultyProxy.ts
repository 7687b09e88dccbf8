import { connect, createServer, type Socket } from 'node:net';
import { toRelease } from './releases';
import type { Running } from './victim';

/**
 * What goes wrong with a server's words once `after` bytes of them have passed. `silence`: nobody hears anything of the other any
 * more, not even that it has gone, as when the network between them dies.
 */
export interface Fault {
  readonly after: number;
  readonly how: 'stall' | 'cut' | 'garble' | 'silence';
}

/** A way to a server, on a port of its own, on which things go wrong. */
export class FaultyProxy {
  /** May be set while connections stand. */
  fault: Fault | undefined;
  port = 0;
  private readonly sockets = new Set<Socket>();

  /** Ends of connections that stand: two for each. */
  get connections(): number {
    return this.sockets.size;
  }

  private constructor(fault: Fault | undefined) {
    this.fault = fault;
  }

  static async start(running: Running, to: number, fault?: Fault): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(fault);
    const server = createServer({ allowHalfOpen: true }, (client) => {
      const upstream = connect(to, '127.0.0.1');
      let passed = 0;
      for (const socket of [client, upstream]) {
        proxy.sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => proxy.sockets.delete(socket));
      }
      client.on('data', (chunk) => {
        if (proxy.fault?.how !== 'silence') upstream.write(chunk);
      });
      client.on('close', () => {
        if (proxy.fault?.how !== 'silence') upstream.destroy();
      });
      const left = () => {
        if (proxy.fault?.how !== 'stall' && proxy.fault?.how !== 'silence') client.destroy();
      };
      client.on('end', left);
      upstream.on('close', left);
      upstream.on('data', (chunk: Buffer) => {
        const whole = proxy.fault
          ? Math.max(0, Math.min(chunk.length, proxy.fault.after - passed))
          : chunk.length;
        passed += chunk.length;
        client.write(chunk.subarray(0, whole));
        const rest = chunk.subarray(whole);
        if (rest.length === 0) return;
        if (proxy.fault?.how === 'cut') client.destroy();
        if (proxy.fault?.how === 'garble') client.write(rest.map((byte) => byte ^ 0x5a));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    running.onTestFinished(
      toRelease(() => {
        server.close();
        for (const socket of proxy.sockets) socket.destroy();
      }),
    );
    const address = server.address();
    if (typeof address === 'object' && address) proxy.port = address.port;
    return proxy;
  }
}
