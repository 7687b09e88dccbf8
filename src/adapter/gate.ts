import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { parseInetTable } from '../procfs/inet';

/** How every message of the protocol begins. A page in a browser can make it send anything to a port of the loopback, but no such text. */
const FIRST = 'content-length:';
/** Milliseconds a client has for its first words. */
const PATIENCE = 30_000;

/**
 * Lets in who speaks the protocol and has this program's rights anyway: a debug adapter starts programs and reads memory, and any
 * program of any user, and any page in a browser, may connect to a port of the loopback. False = the connection was closed.
 */
export async function letIn(socket: Socket): Promise<boolean> {
  const fits = (await isOfSameUser(socket)) && (await speaksProtocol(socket));
  if (!fits) socket.destroy();
  return fits;
}

async function isOfSameUser({ remoteAddress, remotePort }: Socket): Promise<boolean> {
  const peer = `${remoteAddress}:${remotePort}`;
  // Elsewhere than on Linux nobody tells, and nothing of this machine is inspected.
  const table = await readFile('/proc/self/net/tcp', 'utf8').catch(() => undefined);
  if (table === undefined) return process.platform !== 'linux';
  const uid = parseInetTable(table, 'tcp').rows.find(({ local }) => local === peer)?.uid;
  return uid !== undefined && (uid === 0 || uid === process.getuid?.());
}

/** Leaves what it has read to be read again. */
function speaksProtocol(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    let begun = Buffer.alloc(0);
    const settle = (fits: boolean) => {
      clearTimeout(timer);
      socket.removeListener('readable', look);
      socket.removeListener('close', leave);
      if (fits && begun.length > 0) socket.unshift(begun);
      resolve(fits);
    };
    const look = () => {
      for (let chunk: Buffer | null = socket.read(); chunk; chunk = socket.read())
        begun = Buffer.concat([begun, chunk]);
      const text = begun.toString('latin1', 0, FIRST.length).toLowerCase();
      if (text === FIRST) settle(true);
      else if (!FIRST.startsWith(text)) settle(false);
    };
    const leave = () => settle(false);
    const timer = setTimeout(leave, PATIENCE);
    socket.on('readable', look);
    socket.once('close', leave);
  });
}
