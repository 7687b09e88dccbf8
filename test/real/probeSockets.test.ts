import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isTold } from '../../src/target/kernelSockets';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { openTestTarget } from './support/probe';

let target: ProbeTarget;
let server: Server;
let client: Socket;
let accepted: Socket;
const path = join(tmpdir(), `inspect-sockets-${process.pid}`);
const loopback = Buffer.from([127, 0, 0, 1]);

/** Both ends, once the server has accepted. */
async function pairOn(listening: Server, where: { path: string } | { port: number; host: string }) {
  await new Promise<void>((resolve) => listening.listen(where, resolve));
  const taken = new Promise<Socket>((resolve) => listening.once('connection', resolve));
  const own =
    'path' in where ? connect(where) : connect((listening.address() as AddressInfo).port, where.host);
  await new Promise<void>((resolve) => own.once('connect', resolve));
  return { own, taken: await taken };
}

/** Inodes of this process's sockets. */
function ownInodes(): number[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [Number(/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1])].filter(
        Number.isInteger,
      );
    } catch {
      return [];
    }
  });
}

beforeAll(async () => {
  target = await openTestTarget();
  server = createServer({ pauseOnConnect: true });
  ({ own: client, taken: accepted } = await pairOn(server, { path }));
});
afterAll(() => {
  client.destroy();
  accepted.destroy();
  server.close();
  rmSync(path, { force: true });
  target.dispose();
});

describe('what the kernel tells of one unix socket', () => {
  it('is its other end, in both directions, and the name of the end that has one', async () => {
    client.write('unread');
    const rows = readFileSync('/proc/self/net/unix', 'utf8')
      .split('\n')
      .filter((row) => row.endsWith(` ${path}`));
    const named = rows.map((row) => Number(row.trim().split(/\s+/)[6]));
    const told = (await target.sockets.unix(named)).filter(isTold);
    expect(told.map(({ name }) => name)).toEqual([path, path]);
    const listener = told.find(({ listens }) => listens);
    const served = told.find(({ listens }) => !listens);
    expect(listener).toMatchObject({ receiveQueue: 0, pending: [] });
    expect(listener?.sendQueue).toBeGreaterThan(0);
    expect(served?.receiveQueue).toBe('unread'.length);
    const [other] = (await target.sockets.unix([served?.peer ?? 0])).filter(isTold);
    expect(ownInodes()).toContain(other?.inode);
    expect(other).toMatchObject({ peer: served?.inode, listens: false, receiveQueue: 0 });
    expect(other?.name).toBeUndefined();
    expect(other?.sendQueue).toBeGreaterThan(0);
  });

  it('is nothing for an inode that is no socket here', async () => {
    expect(await target.sockets.unix([1, 0xffff_ffff])).toEqual([
      { ok: false, errno: 'ENOENT' },
      { ok: false, errno: 'ENOENT' },
    ]);
  });
});

describe('what the kernel tells of one TCP socket', () => {
  it.each([
    ['0.0.0.0', Buffer.alloc(4)],
    ['::', Buffer.alloc(16)],
  ])('is how many may wait of a listener for all addresses (%s)', async (host, address) => {
    const listening = createServer();
    await new Promise<void>((resolve) => listening.listen({ port: 0, host, backlog: 77 }, resolve));
    const { port } = listening.address() as AddressInfo;
    const [told] = await target.sockets.tcp([{ local: { address, port } }]);
    listening.close();
    expect(told).toMatchObject({ listens: true, receiveQueue: 0, sendQueue: 77 });
  });

  it('is how long nothing came, and of a listener how many may wait', async () => {
    const listening = createServer({ pauseOnConnect: true });
    const { own, taken } = await pairOn(listening, { port: 0, host: '127.0.0.1' });
    const { port } = listening.address() as AddressInfo;
    const local = { address: loopback, port: own.localPort ?? 0 };
    const [client, listener, none] = await target.sockets.tcp([
      { local, peer: { address: loopback, port } },
      { local: { address: loopback, port } },
      { local: { address: loopback, port: 1 }, peer: local },
    ]);
    own.destroy();
    taken.destroy();
    listening.close();
    expect(client).toMatchObject({ listens: false, receiveQueue: 0, sendQueue: 0 });
    const { info } = isTold(client) ? client : {};
    expect(info).toMatchObject({ retransmits: 0, probes: 0 });
    expect(info?.sinceReceived).toBeLessThan(60);
    expect(listener).toMatchObject({ listens: true, receiveQueue: 0, sendQueue: 511 });
    expect(none).toEqual({ ok: false, errno: 'ENOENT' });
  });
});
