import { createServer, type Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { DebugServices } from '../debug/services';
import { InspectorSession } from '../debug/session';
import { UserError } from '../model/errors';
import { letIn } from './gate';

const LOOPBACK = '127.0.0.1';

/** Makes the services of one session; `ended` is called once they are let go of. */
export type MakeServices = (ended: () => void) => DebugServices;

/** One session with a client; resolves when it has ended or the client has gone, with its last words said. */
export function serveStreams(input: Readable, output: Writable, services: MakeServices): Promise<void> {
  return new Promise((resolve) => {
    const own = services(resolve);
    const session = new InspectorSession(own);
    const leave = () => {
      session.dispose();
      own.dispose();
    };
    input.once('close', leave);
    input.once('end', leave);
    output.once('error', leave);
    session.start(input, output);
  });
}

/**
 * Listens on the loopback, one session for each connection; resolves when the last of those that were has ended. `listening` is told
 * the port. Rejects with a UserError where the port is not to be had.
 */
export function servePort(
  port: number,
  services: MakeServices,
  listening: (port: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let open = 0;
    const serve = async (socket: Socket): Promise<void> => {
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      if (!(await letIn(socket))) return;
      open += 1;
      await serveStreams(socket, socket, services);
      socket.end();
      open -= 1;
      if (open === 0) server.close(() => resolve());
    };
    const server = createServer((socket) => void serve(socket));
    server.once('error', (error: NodeJS.ErrnoException) => reject(unusable(port, error)));
    server.listen(port, LOOPBACK, () => {
      const address = server.address();
      listening(typeof address === 'object' && address ? address.port : port);
    });
  });
}

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another program listens there (EADDRINUSE).',
  EACCES: 'Ports below 1024 are root’s (EACCES).',
};

function unusable(port: number, { code = '', message }: NodeJS.ErrnoException): UserError {
  const what = `Port ${port} of ${LOOPBACK} cannot be listened on.`;
  return new UserError('usage', what, WHY[code] ?? `${message}.`, 'Give another one, or 0 for a free one.');
}
