import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain';
import type { FrozenFileSystem, Resource, SocketInfo, Task } from '../../../src/model/sample';
import { fileOf, requestOf, ringOf, sampleOf, stackOf, taskOf, workerOf } from '../samples';

/** The answer about threads that wait in a call, innermost function first. */
function answer(resources: readonly Resource[], ...tasks: readonly Task[]) {
  const { sample } = explain(sampleOf({ tasks, resources }), { last: true });
  const [first] = sample.findings;
  if (!first) throw new Error('no finding');
  return first;
}

function thread(
  name: string,
  args: readonly string[],
  stack: readonly string[],
  parts: Partial<Task> = {},
): Task {
  return taskOf({
    blocked: 31,
    syscall: { number: 0, name, args },
    kernelStack: stackOf(...stack),
    ...parts,
  });
}

const NGINX = [{ pid: 812, name: 'nginx' }];
const TCP: SocketInfo = {
  protocol: 'tcp',
  state: 'ESTABLISHED',
  local: '127.0.0.1:42590',
  peer: '127.0.0.1:34527',
  receiveQueue: 0,
  sendQueue: 0,
};
const socketOf = (socket: SocketInfo, parts: Partial<Resource> = {}): Resource => ({
  fd: 5,
  kind: 'socket',
  socket,
  ...parts,
});
const reading = (parts: Partial<Task> = {}) =>
  thread('read', ['0x5'], ['sk_wait_data', 'tcp_recvmsg'], parts);
const writing = thread('write', ['0x5'], ['sk_stream_wait_memory', 'tcp_sendmsg']);

describe('a plain wait for a peer', () => {
  it('names descriptor and process, how long nothing came, and whom to look at', () => {
    const found = answer([socketOf({ ...TCP, sinceReceived: 31 }, { peers: NGINX })], reading());
    expect(found.severity).toBe('info');
    expect(found.summary).toBe(
      'No io_uring here: thread server (7) in read waits for data on TCP 127.0.0.1:42590 → 127.0.0.1:34527, whose other end is nginx (812), 31 s so far.',
    );
    expect(found.explanation).toContain(
      'TCP 127.0.0.1:42590 → 127.0.0.1:34527: ESTABLISHED, 0 bytes unread, 0 bytes unsent; nothing received for 31 s.',
    );
    expect(found.remedy).toContain('inspect-io-uring 812');
    expect(found.evidence).toContainEqual({ fd: 5 });
  });

  it.each<[string, Partial<SocketInfo>, string]>([
    ['that has left data unread', { peerUnread: 2304 }, ': 2,304 bytes are unread there'],
    ['that has no room', { probes: 3 }, 'had no room when it last answered'],
    ['that does not acknowledge', { retransmits: 3 }, 'does not acknowledge (3 retransmits)'],
    ['of which nothing is known', {}, '34527, 31 s so far'],
  ])('says of one %s why there is no room', (_, socket, words) => {
    expect(answer([socketOf({ ...TCP, ...socket })], writing).summary).toContain(words);
  });

  it('says that the process itself has the other end', () => {
    const own = [{ pid: 7, name: 'server' }];
    const unix: SocketInfo = { protocol: 'unix', state: 'CONNECTED' };
    const found = answer([socketOf(unix, { peers: own })], reading());
    expect(found.summary).toContain(
      'on the unix socket at descriptor 5, whose other end the process itself holds',
    );
    expect(found.remedy).not.toContain('inspect-io-uring');
  });

  it('says that the connection was not accepted, and how many others were not', () => {
    const listener = { name: '127.0.0.1:34527', waiting: 129, limit: 128, holders: NGINX };
    const read = answer([socketOf({ ...TCP, listener })], reading());
    expect(read.summary).toContain(', which nginx (812) has not accepted,');
    expect(read.explanation).toContain(
      'Its listener nginx (812) has 129 connections waiting to be accepted, all that its backlog of 128 lets wait.',
    );
    const connect = thread('connect', ['0x5'], ['wait_woken', '__inet_stream_connect']);
    const connecting = answer([socketOf({ ...TCP, state: 'SYN_SENT', listener })], connect);
    expect(connecting.summary).toContain(
      'to be connected to TCP 127.0.0.1:42590 → 127.0.0.1:34527: its listener nginx (812) has 129 connections',
    );
    const away = answer([socketOf({ ...TCP, state: 'SYN_SENT' })], connect);
    expect(away.summary).toContain('nobody has answered');
  });

  it('names no open file that it is not about', () => {
    const log = fileOf(9, '/var/log/server.log');
    expect(answer([log, socketOf(TCP)], reading()).summary).not.toContain('server.log');
    expect(answer([log], reading()).summary).not.toContain('server.log');
  });

  it('tells waits at several descriptors one by one', () => {
    const pipe: Resource = { fd: 6, kind: 'pipe', end: 'read', peers: NGINX };
    const other = thread('read', ['0x6'], ['anon_pipe_read'], { tid: 8 });
    const third = reading({ tid: 9 });
    expect(answer([socketOf(TCP), pipe], reading(), other, third).summary).toBe(
      'No io_uring here: 3 threads wait: 2 wait for data on TCP 127.0.0.1:42590 → 127.0.0.1:34527; one waits for data in the pipe at descriptor 6, whose writer is nginx (812), 31 s so far.',
    );
  });

  it('keeps the words of the kernel function where the descriptor is not known', () => {
    expect(answer([], reading()).summary).toContain('waits for the peer of a network socket');
  });

  it('says which FIFO nobody has opened from the other side', () => {
    const path = {
      number: 257,
      name: 'openat',
      args: ['0xffffff9c', '0x1000', '0x80001'],
      path: '/run/jobs',
    };
    const open = thread('openat', [], ['wait_for_partner', 'fifo_open'], { syscall: path });
    expect(answer([], open).summary).toContain(
      'the FIFO /run/jobs: this one opens it to write, and nobody has it open to read',
    );
  });

  it('says it of an open that a worker carries, too', () => {
    const worker = { ...workerOf(9, 'OPENAT', ['wait_for_partner', 'fifo_open'], 31), state: 'S' };
    const request = requestOf({
      operation: 'OPENAT',
      path: 'jobs',
      worker: 9,
      operands: [{ name: 'open flags', value: 'O_WRONLY|O_CLOEXEC' }],
    });
    const { sample } = explain(sampleOf({ tasks: [worker], rings: [ringOf()], requests: [request] }), {
      last: true,
    });
    expect(sample.findings[0]?.summary).toContain(
      '1 open waits for another program to open the other end of the FIFO jobs: this one opens it to write, and nobody has it open to read',
    );
  });

  it('names what a worker’s request waits for, where the request says it', () => {
    const pipe: Resource = { fd: 6, kind: 'pipe', end: 'write', peers: NGINX };
    const worker = { ...workerOf(9, 'WRITE', ['anon_pipe_write'], 31), state: 'S' };
    const request = {
      ring: 1,
      operation: 'WRITE',
      fd: 6,
      worker: 9,
      state: 'running',
      certainty: 'certain',
      sources: ['kernel walk'],
    } as const;
    const { sample } = explain(
      sampleOf({ tasks: [worker], rings: [ringOf()], resources: [pipe], requests: [request] }),
      { last: true },
    );
    expect(sample.findings[0]?.summary).toContain(
      '1 write waits for room in the full pipe at descriptor 6, whose reader is nginx (812)',
    );
  });
});

describe('a thread that polls', () => {
  const polling = (polls: readonly number[]) =>
    thread('poll', [], ['do_poll', 'do_sys_poll'], { syscall: { number: 7, name: 'poll', args: [], polls } });
  const db = socketOf({ ...TCP, sinceReceived: 31 }, { peers: [{ pid: 812, name: 'postgres' }] });

  it('is at rest, and it is said for whom it waits and how long nothing came', () => {
    const found = answer([db], polling([5]));
    expect(found).toMatchObject({ tag: 'at-rest', severity: 'info' });
    expect(found.summary).toContain(
      '1 thread waits in poll for TCP 127.0.0.1:42590 → 127.0.0.1:34527, whose other end is postgres (812)',
    );
    expect(found.explanation).toContain('nothing received for 31 s');
    expect(found.evidence).toContainEqual({ fd: 5 });
  });

  it.each<[string, readonly number[]]>([
    ['many', [5, 6, 7]],
    ['one that is not known', [5, 9]],
    ['none', []],
  ])('for %s keeps the words of the kernel function', (_, polls) => {
    const pipes: Resource[] = [6, 7].map((fd) => ({ fd, kind: 'pipe' }));
    expect(answer([db, ...pipes], polling(polls)).summary).toContain(
      'waits in poll or select for one of its',
    );
  });
});

describe('a wait for a frozen file system', () => {
  const held = thread('write', ['0x5'], ['percpu_rwsem_wait', '__percpu_down_read', 'vfs_write'], {
    state: 'D',
  });
  const file = fileOf(5, '/mnt/data', { mount: '/mnt', fsType: 'ext4' });
  const frozen = {
    mount: '/mnt',
    fsType: 'ext4',
    source: '/dev/mapper/vg-data',
    device: '254:16',
    suspects: [],
  };
  const told = (more: Partial<FrozenFileSystem>) => {
    const own = { ...frozen, ...more };
    const resources = [{ ...file, mount: own.mount }];
    const sample = sampleOf({ tasks: [held], resources, frozen: [own] });
    const [first] = explain(sample, { last: true }).sample.findings;
    if (!first) throw new Error('no finding');
    return first;
  };

  it('says that a program did it, who may have, and how to thaw it', () => {
    const found = told({ by: 'program', suspects: [{ pid: 512, name: 'qemu-ga' }] });
    expect(found.summary).toContain('the file system at /mnt is frozen (by a program, with FIFREEZE');
    expect(found.explanation).toContain('qemu-ga (512) may have');
    expect(found.remedy).toContain('fsfreeze -u /mnt');
  });

  it('says that it cannot be told who, where nobody comes into question', () => {
    expect(told({ by: 'program' }).explanation).toContain('The kernel keeps no name of who froze it');
  });

  it('does not advise to thaw what its disk or the kernel has frozen', () => {
    const disk = told({ by: 'disk' });
    expect(disk.summary).toContain('through its disk');
    expect(disk.remedy).toContain('/dev/mapper/vg-data');
    expect(disk.remedy).not.toContain('fsfreeze');
    const kernel = told({ by: 'kernel' });
    expect(kernel.summary).toContain('by the kernel itself');
    expect(kernel.remedy).not.toContain('fsfreeze');
  });

  it('gives a command that does what it says, whatever the mount is called', () => {
    expect(told({ mount: '/mnt/a; reboot', by: 'program' }).remedy).toContain("fsfreeze -u '/mnt/a; reboot'");
  });
});
