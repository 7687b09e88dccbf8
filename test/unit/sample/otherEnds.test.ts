import { describe, expect, it } from 'vitest';
import type { Resource, Sample, SocketInfo, Task } from '../../../src/model/sample';
import type { InetQuestion, TcpSocket, UnixSocket } from '../../../src/probe/socketProtocol';
import { parseInetTable } from '../../../src/procfs/inet';
import { findOtherEnds } from '../../../src/sample/otherEnds';
import type { Target } from '../../../src/target/target';
import { fileOf, requestOf, sampleOf, taskOf } from '../samples';
import { fakeTarget, type Tree } from './fakeTarget';

const NONE = { ok: false, errno: 'ENOENT' } as const;
const PROCESSES = {
  ok: true as const,
  entries: ['7', '12', '13'].map((name) => ({ name })),
  truncated: false,
};
/** Processes that hold nothing, in one network namespace with the reader, whose pid is 99. */
const NAMES: Tree = {
  '/proc/7/comm': 'server\n',
  '/proc/12/comm': 'nginx\n',
  '/proc/13/comm': 'nginx\n',
  '/proc/7/ns/net': 'net:[1]',
  '/proc/99/ns/net': 'net:[1]',
};

interface Told {
  readonly unix?: readonly Partial<UnixSocket>[];
  readonly tcp?: (question: InetQuestion) => TcpSocket | undefined;
}

/** A target made of texts whose kernel tells of these sockets. */
function host(tree: Tree, { unix = [], tcp }: Told = {}) {
  const asked: number[] = [];
  const target: Target = {
    ...fakeTarget({ ...NAMES, ...tree }),
    self: 99,
    sockets: {
      unix: async (inodes) => {
        asked.push(...inodes);
        return inodes.map((inode) => {
          const found = unix.find((socket) => socket.inode === inode);
          return found ? { inode, listens: false, pending: [], ...found } : NONE;
        });
      },
      tcp: async (ends) => ends.map((end) => tcp?.(end) ?? NONE),
    },
  };
  return { target, asked };
}

function calls(name: string, fd: number, parts: Partial<Task> = {}): Task {
  return taskOf({ syscall: { number: 0, name, args: [`0x${fd.toString(16)}`, '0x0', '0x0'] }, ...parts });
}

function socketOf(fd: number, inode: number, socket: SocketInfo): Resource {
  return { fd, kind: 'socket', link: `socket:[${inode}]`, inode, socket };
}

async function seen({ target }: { target: Target }, parts: Partial<Sample>, known: readonly Resource[] = []) {
  const sample = sampleOf({ tasks: [calls('read', 5)], ...parts });
  const [table] = await target.read(['/proc/7/net/tcp']);
  const tcp = parseInetTable(table?.ok ? table.data.toString() : '', 'tcp').rows;
  const { resources, blind } = await findOtherEnds(target, sample, { processes: PROCESSES, tcp, known });
  return { resource: resources.find(({ fd }) => fd === 5), blind };
}

const UNIX: SocketInfo = { protocol: 'unix', state: 'CONNECTED', type: 'stream' };
const NGINX = [
  { pid: 12, name: 'nginx' },
  { pid: 13, name: 'nginx' },
];

describe('the other end of a unix socket', () => {
  const resources = [socketOf(5, 100, UNIX)];
  const pair: Told = {
    unix: [
      { inode: 100, peer: 200 },
      { inode: 200, peer: 100, name: '/run/x.sock', receiveQueue: 9 },
    ],
  };
  const held: Tree = { '/proc/12/fd/3': 'socket:[200]', '/proc/13/fd/3': 'socket:[200]' };

  it('is told by the kernel, with all who hold it', async () => {
    const { resource, blind } = await seen(host(held, pair), { resources });
    expect(resource?.peers).toEqual(NGINX);
    expect(resource?.socket).toMatchObject({ peer: '/run/x.sock', peerUnread: 9 });
    expect(blind).toEqual([]);
  });

  it('is a listener where nobody has accepted the connection', async () => {
    const tree: Tree = {
      '/proc/7/net/unix':
        'Num       RefCount Protocol Flags    Type St Inode Path\n0000000000000001: 00000002 00000000 00010000 0001 01 300 /run/x.sock\n',
      '/proc/12/fd/4': 'socket:[300]',
    };
    const told: Told = {
      unix: [
        { inode: 100, peer: 0 },
        { inode: 300, listens: true, name: '/run/x.sock', receiveQueue: 1, sendQueue: 8, pending: [100] },
      ],
    };
    const { resource } = await seen(host(tree, told), { resources });
    expect(resource?.peers).toBeUndefined();
    expect(resource?.socket?.listener).toEqual({
      name: '/run/x.sock',
      waiting: 1,
      limit: 8,
      holders: [{ pid: 12, name: 'nginx' }],
    });
  });

  it('is asked for where a thread polls it', async () => {
    const polls = { number: 7, name: 'poll', args: ['0x1000', '0x1', '0xffff'], polls: [5] };
    const { resource } = await seen(host(held, pair), { resources, tasks: [taskOf({ syscall: polls })] });
    expect(resource?.peers).toEqual(NGINX);
  });

  it('is not asked for where nobody waits for the socket', async () => {
    const idle = host(held, pair);
    const { resource } = await seen(idle, { resources, tasks: [calls('epoll_wait', 5)] });
    expect(resource).toEqual(resources[0]);
    expect(idle.asked).toEqual([]);
  });

  it('is asked for where a request waits, and not where one is done', async () => {
    const recv = (state: 'polling' | 'completed') => [requestOf({ operation: 'RECV', fd: 5, state })];
    const armed = await seen(host(held, pair), { resources, tasks: [], requests: recv('polling') });
    expect(armed.resource?.peers).toEqual(NGINX);
    const done = await seen(host(held, pair), { resources, tasks: [], requests: recv('completed') });
    expect(done.resource?.peers).toBeUndefined();
  });

  it('cannot be told in another network namespace, which is said', async () => {
    const elsewhere = host({ ...held, '/proc/7/ns/net': 'net:[2]' });
    const { resource, blind } = await seen(elsewhere, { resources });
    expect(resource).toEqual(resources[0]);
    expect(elsewhere.asked).toEqual([100]);
    expect(blind).toMatchObject([{ why: expect.stringContaining('is in another network namespace') }]);
  });

  it('may be untold where it is not known whose network namespace that is', async () => {
    const { self: _, ...target } = host(held).target;
    const { blind } = await seen({ target }, { resources });
    expect(blind).toMatchObject([{ why: expect.stringContaining('may be in another network namespace') }]);
  });

  describe('of a socket that is in no table of its process’s network namespace', () => {
    const strange = [{ fd: 5, kind: 'socket' as const, link: 'socket:[100]', inode: 100 }];

    it('is named where it is of the reader’s', async () => {
      const { resource, blind } = await seen(host({ ...held, '/proc/7/ns/net': 'net:[2]' }, pair), {
        resources: strange,
      });
      expect(resource).toMatchObject({ socket: { protocol: 'unix' }, peers: NGINX });
      expect(blind).toEqual([]);
    });

    it('is said not to be known where it is of neither', async () => {
      const { resource, blind } = await seen(host(held), { resources: strange });
      expect(resource).toEqual(strange[0]);
      expect(blind).toMatchObject([
        {
          what: 'what the socket at descriptor 5 is connected to',
          why: expect.stringContaining('not of the network namespace of its process'),
        },
      ]);
    });

    it.each([
      ['netlink', 'sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode\n0 0 7 0 0 0 0 2 0 100\n'],
      ['raw', 'sl local rem st tx:rx tr:tm retr uid timeout inode\n1: 0:1 0:0 07 0:0 0:0 0 0 0 100 2 0 0\n'],
    ])('is not missed of one that has none: %s', async (table, text) => {
      const { blind } = await seen(host({ ...held, [`/proc/7/net/${table}`]: text }), { resources: strange });
      expect(blind).toEqual([]);
    });
  });

  it('cannot be told by a kernel without unix_diag, which is said', async () => {
    const { blind } = await seen(host(held), { resources });
    expect(blind).toMatchObject([{ why: expect.stringContaining('unix_diag') }]);
  });

  it('may belong to another user, which an ordinary user is told', async () => {
    const rights = { uid: 1000, kernelStacks: false, kernelWalk: false, tracing: false };
    const { blind } = await seen(host({}, pair), { resources, rights });
    expect(blind).toMatchObject([{ what: 'who is at the other end of the socket at descriptor 5' }]);
    expect((await seen(host({}, pair), { resources })).blind).toEqual([]);
  });

  it('keeps its name from a look a moment ago without a search, as long as it is the same socket', async () => {
    const before = { ...resources[0], peers: NGINX, socket: { ...UNIX, peer: '/run/x.sock' } } as Resource;
    const again = await seen(host({}, pair), { resources }, [before]);
    expect(again.resource?.peers).toEqual(NGINX);
    expect(again.resource?.socket?.peerUnread).toBe(9);
    const other = await seen(host({}, pair), { resources }, [{ ...before, link: 'socket:[101]' }]);
    expect(other.resource?.peers).toBeUndefined();
  });
});

describe('the other end of a TCP connection', () => {
  const client: SocketInfo = {
    protocol: 'tcp',
    state: 'ESTABLISHED',
    local: '127.0.0.1:4096',
    peer: '127.0.0.1:80',
  };
  const resources = [socketOf(5, 100, client)];
  const row = (local: string, peer: string, state: string, inode: number, unread = 0) =>
    `   0: 0100007F:${local} ${peer} ${state} 00000000:${unread.toString(16).padStart(8, '0')} 00:00000000 00000000     0        0 ${inode} 1 0 20 4 30 10 -1\n`;
  const LISTENER = row('0050', '00000000:0000', '0A', 300, 3);
  const SERVED = row('0050', '0100007F:1000', '01', 200, 64);
  const UNACCEPTED = row('0050', '0100007F:1000', '01', 0);
  const tcp = (peer: Buffer | undefined, parts: Partial<TcpSocket>): TcpSocket => ({
    listens: peer === undefined,
    inode: 1,
    receiveQueue: 0,
    sendQueue: 0,
    ...parts,
  });

  it('is the socket with the addresses swapped', async () => {
    const tree = { '/proc/7/net/tcp': LISTENER + SERVED, '/proc/12/fd/9': 'socket:[200]' };
    const info = { retransmits: 0, probes: 2, sinceSent: 1, sinceReceived: 31.04, sinceAcknowledged: 1 };
    const told = host(tree, { tcp: ({ peer }) => tcp(peer?.address, { info }) });
    const { resource } = await seen(told, { resources });
    expect(resource?.peers).toEqual([{ pid: 12, name: 'nginx' }]);
    expect(resource?.socket).toMatchObject({ peerUnread: 64, sinceReceived: 31, probes: 2 });
    expect(resource?.socket?.listener).toBeUndefined();
  });

  it('is the listener that has not accepted it, with how many may wait', async () => {
    const tree = { '/proc/7/net/tcp': UNACCEPTED + LISTENER, '/proc/12/fd/9': 'socket:[300]' };
    const told = host(tree, { tcp: ({ peer }) => tcp(peer?.address, { receiveQueue: 3, sendQueue: 8 }) });
    const { resource } = await seen(told, { resources });
    expect(resource?.peers).toBeUndefined();
    expect(resource?.socket?.listener).toEqual({
      name: '127.0.0.1:80',
      waiting: 3,
      limit: 8,
      holders: [{ pid: 12, name: 'nginx' }],
    });
  });

  it('of a connection that is being made is the listener, too', async () => {
    const connecting = [socketOf(5, 100, { ...client, state: 'SYN_SENT' })];
    const tree = { '/proc/7/net/tcp': LISTENER, '/proc/12/fd/9': 'socket:[300]' };
    const { resource } = await seen(host(tree), { resources: connecting, tasks: [calls('connect', 5)] });
    expect(resource?.socket?.listener?.holders).toEqual([{ pid: 12, name: 'nginx' }]);
  });

  it('is unknown where several listen at one port, unless just one has connections waiting', async () => {
    const connecting = [socketOf(5, 100, { ...client, state: 'SYN_SENT' })];
    const listen = (waiting: number) => ({
      '/proc/7/net/tcp':
        row('0050', '00000000:0000', '0A', 300) + row('0050', '00000000:0000', '0A', 301, waiting),
      '/proc/12/fd/9': 'socket:[300]',
      '/proc/13/fd/9': 'socket:[301]',
    });
    const tasks = [calls('connect', 5)];
    const none = await seen(host(listen(0)), { resources: connecting, tasks });
    expect(none.resource?.socket?.listener).toBeUndefined();
    const one = await seen(host(listen(9)), { resources: connecting, tasks });
    expect(one.resource?.socket?.listener?.holders).toEqual([{ pid: 13, name: 'nginx' }]);
  });

  it('is on another host where the address is, whoever listens at that port here', async () => {
    const away = [
      socketOf(5, 100, { ...client, local: '10.0.0.1:4096', peer: '10.0.0.9:80', state: 'SYN_SENT' }),
    ];
    const tree = {
      '/proc/7/net/tcp': row('0050', '00000000:0000', '0A', 300).replace('0100007F', '00000000'),
    };
    const { resource } = await seen(host(tree), { resources: away, tasks: [calls('connect', 5)] });
    expect(resource?.socket?.listener).toBeUndefined();
  });
});

describe('the other end of what has a name', () => {
  const fifo = fileOf(5, '/tmp/fifo', { inode: 77, openFlags: ['O_RDONLY'] });
  const inPipe = calls('read', 5, { wchan: 'anon_pipe_read' });
  const held = (flags: string, inode = 77): Tree => ({
    '/proc/12/fd/3': '/tmp/fifo',
    '/proc/12/fdinfo/3': `pos:\t0\nflags:\t${flags}\nmnt_id:\t1\nino:\t${inode}\n`,
  });

  it('of a FIFO is who has it open the other way', async () => {
    const { resource } = await seen(host(held('0100001')), { resources: [fifo], tasks: [inPipe] });
    expect(resource).toMatchObject({ kind: 'fifo', end: 'read', peers: [{ pid: 12, name: 'nginx' }] });
    const reader = await seen(host(held('0100000')), { resources: [fifo], tasks: [inPipe] });
    expect(reader.resource?.peers).toBeUndefined();
  });

  it('of a FIFO is nobody who has another file of that path, in another mount namespace', async () => {
    const { resource } = await seen(host(held('0100001', 78)), { resources: [fifo], tasks: [inPipe] });
    expect(resource?.peers).toBeUndefined();
  });

  it('of a regular file is never looked for', async () => {
    const read = calls('read', 5, { wchan: 'folio_wait_bit_common' });
    const { resource } = await seen(host(held('0100001')), { resources: [fifo], tasks: [read] });
    expect(resource).toEqual(fifo);
  });

  it('of a message queue is who else has it open; it is in no file system of a disk', async () => {
    const queue = fileOf(5, '/jobs', { inode: 77 });
    const tree = {
      '/proc/12/fd/3': '/jobs',
      '/proc/12/fdinfo/3': 'pos:\t0\nflags:\t02\nmnt_id:\t1\nino:\t77\n',
    };
    const { resource } = await seen(host(tree), { resources: [queue], tasks: [calls('mq_timedreceive', 5)] });
    expect(resource).toEqual({
      fd: 5,
      kind: 'mqueue',
      path: '/jobs',
      inode: 77,
      peers: [{ pid: 12, name: 'nginx' }],
    });
  });

  it('of a terminal is who has its master, unless two of that number are', async () => {
    const terminal = fileOf(5, '/dev/pts/3', { kind: 'device' });
    const master = (pid: number, index: number): Tree => ({
      [`/proc/${pid}/fd/8`]: '/dev/ptmx',
      [`/proc/${pid}/fdinfo/8`]: `pos:\t0\nflags:\t02\nmnt_id:\t1\ntty-index:\t${index}\n`,
    });
    const one = host({ ...master(12, 3), ...master(13, 4) });
    expect((await seen(one, { resources: [terminal] })).resource?.peers).toEqual([
      { pid: 12, name: 'nginx' },
    ]);
    const two = host({ ...master(12, 3), ...master(13, 3) });
    expect((await seen(two, { resources: [terminal] })).resource?.peers).toBeUndefined();
  });
});
