import { describe, expect, it } from 'vitest';
import { goroutineWait, resourceWaiters } from '../../../src/explain/goroutineWords';
import { reportText } from '../../../src/explain/report';
import { isOwn } from '../../../src/explain/userFrames';
import type { GoroutineGroup, Resource, Sample, UserFrame } from '../../../src/model/sample';
import { sampleOf, taskOf } from '../samples';

function frame(name: string, file: string, line: number): UserFrame {
  return { function: name, file, line, address: '0x401000', trust: 'proven', binary: '/srv/server' };
}

const PARKED = frame('runtime.gopark', '/usr/local/go/src/runtime/proc.go', 363);
const READ = frame('internal/poll.(*FD).Read', '/usr/local/go/src/internal/poll/fd_unix.go', 167);
const SERVE = frame('main.serve', '/home/u/server.go', 42);

function group(parts: Partial<GoroutineGroup> = {}): GoroutineGroup {
  return { count: 1, ids: [34], state: 'waiting', ...parts };
}

const READING = group({
  reason: 'IO wait',
  stack: [PARKED, READ, SERVE],
  fds: [{ goroutine: 34, fd: 7, for: 'read' }],
});

function waiting(groups: readonly GoroutineGroup[], parts: Partial<Sample> = {}): Sample {
  const count = groups.reduce((sum, one) => sum + one.count, 0);
  return sampleOf({ goroutines: { count, runtime: 4, unread: 0, groups }, ...parts });
}

describe('what a goroutine waits for', () => {
  it.each([
    ['waits to read fd 7', READING],
    ['waits for I/O', group({ reason: 'IO wait' })],
    ['waits to receive from a channel', group({ reason: 'chan receive' })],
    ['waits for ever: sends on a channel that is nil', group({ reason: 'chan send (nil chan)' })],
    ['waits for a semaphore: a lock or a WaitGroup', group({ reason: 'semacquire' })],
    [
      'waits for a Mutex',
      group({ reason: 'semacquire', stack: [PARKED, frame('sync.(*Mutex).Lock', 'sync/mutex.go', 90)] }),
    ],
    [
      'waits for a WaitGroup',
      group({ reason: 'semacquire', stack: [frame('sync.(*WaitGroup).Wait', 'sync/waitgroup.go', 139)] }),
    ],
    ['waits: some\\x1breason', group({ reason: 'some\u001breason' })],
    ['waits', group()],
    ['runs', group({ state: 'running' })],
    ['waits for a processor', group({ state: 'runnable' })],
    ['is in a system call', group({ state: 'syscall' })],
    ['is in C', group({ state: 'syscall', stack: [frame('runtime.cgocall', 'runtime/cgocall.go', 157)] })],
  ] as const)('%s', (words, one) => {
    expect(goroutineWait(one)).toBe(words);
  });

  it('few descriptors are named, many counted', () => {
    const fds = (numbers: readonly number[]) =>
      numbers.map((fd) => ({ goroutine: fd, fd, for: 'read' as const }));
    expect(goroutineWait(group({ fds: fds([9, 7, 8, 11]) }))).toBe('waits to read fd 7, 8, 9 and 11');
    expect(goroutineWait(group({ fds: fds([9, 7, 8, 11, 12]) }))).toBe('waits to read fd 7, 8, 9 and 2 more');
    const both = [...fds([7]), { goroutine: 8, fd: 7, for: 'write' as const }];
    expect(goroutineWait(group({ fds: both }))).toBe('waits to read or write fd 7');
  });
});

describe('the program’s own code', () => {
  it.each([
    ['/usr/local/go/src/net/http/server.go', false],
    ['/usr/lib/go-1.19/src/net/fd_posix.go', false],
    ['/root/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.24.0.linux-amd64/src/net/net.go', false],
    ['net/http/server.go', false],
    ['internal/poll/fd_unix.go', false],
    ['/home/u/go/src/github.com/u/net/http.go', true],
    ['github.com/u/net/http.go', true],
    ['/home/u/net/server.go', true],
    ['/home/u/go/src/server/main.go', true],
  ] as const)('is told from Go’s library: %s', (file, own) => {
    expect(isOwn(frame('main.serve', file, 1))).toBe(own);
  });
});

const SOCKET: Resource = { fd: 7, kind: 'socket', socket: { protocol: 'tcp', local: '127.0.0.1:80' } };
const EPOLL: Resource = { fd: 5, kind: 'epoll', watches: [7, 8] };

it('a descriptor leads to the goroutine that waits for it, an epoll set to how many do', () => {
  const sample = waiting([READING], { resources: [SOCKET, EPOLL] });
  expect(resourceWaiters(sample, SOCKET)).toBe('goroutine 34 waits to read in main.serve() at server.go:42');
  expect(resourceWaiters(sample, EPOLL)).toBe('1 goroutine waits with it');
  expect(resourceWaiters(sample, { ...SOCKET, fd: 8 })).toBe('');
  expect(resourceWaiters(sampleOf(), SOCKET)).toBe('');
});

describe('the report', () => {
  const ids = [5, 6, 7, 8, 9];
  const crowd = group({ ...READING, count: 1998, ids, read: 390, fds: [] });
  const polling = taskOf({
    userStack: [frame('runtime.netpoll', 'runtime/netpoll_epoll.go', 126)],
    blockedOn: {
      ...{
        function: 'ep_poll',
        subsystem: 'epoll',
        text: 'waits in epoll',
        wake: 'interruptible',
        idle: true,
      },
    },
  });

  it('lists them by what they wait for', () => {
    const sample = waiting([crowd, READING, group({ ids: [1], state: 'syscall', tids: [77] })], {
      resources: [SOCKET],
      tasks: [polling, taskOf({ tid: 77 })],
    });
    const text = reportText(sample, { width: 400 });
    expect(text).toContain('\nGoroutines (2,000, and 4 of Go’s own)\n');
    expect(text).toContain(
      '\n  1,998 goroutines (5, 6, 7, 8, …): each waits for I/O [IO wait] · the stacks of 390 were read · main.serve() at server.go:42\n',
    );
    expect(text).toContain('\n  goroutine 34: waits to read fd 7 [IO wait] · main.serve() at server.go:42\n');
    expect(text).toContain('\n  goroutine 1: is in a system call · thread 77\n');
    expect(text).toContain('· goroutine 34 waits to read in main.serve() at server.go:42\n');
    expect(text).toContain('\n      on behalf of 1 goroutine: see below\n');
    expect(text).toMatch(/\(77\) S · .*\n {6}carries goroutine 1\n/);
  });

  it('shows stacks and who has started them where everything is asked for', () => {
    const sample = waiting([{ ...READING, startedAt: frame('main.accept', '/home/u/server.go', 30) }]);
    const text = reportText(sample, { width: 400, verbose: true });
    expect(text).toContain('\n      main.serve() at /home/u/server.go:42\n');
    expect(text).toContain('\n      started by main.accept() at /home/u/server.go:30\n');
  });

  it('is harmless whatever a saved one holds', () => {
    const evil = '\u001b[2J\nforged';
    const one = group({ reason: evil, stackNote: evil, stack: [frame(evil, evil, 1)], startedAt: SERVE });
    const uses = [{ goroutine: 1, fd: 7, for: evil as 'read' }];
    const sample = waiting([one, group({ ...one, fds: uses })], { resources: [SOCKET] });
    for (const verbose of [false, true]) {
      const text = reportText(sample, { width: 4000, verbose });
      expect(text).not.toContain('\u001b');
      expect(text).not.toMatch(/^forged/m);
      expect(text).toContain('waits to read fd 7');
    }
  });

  it('says how many are not told', () => {
    const many = Array.from({ length: 12 }, (_, n) => group({ ids: [n + 1], reason: 'sleep' }));
    const sample = waiting(many);
    const goroutines = { ...sample.goroutines, count: 15, runtime: 0, unread: 3, groups: many };
    const text = reportText({ ...sample, goroutines }, { width: 200 });
    expect(text).toContain('\nGoroutines (15)\n');
    expect(text).toContain('\n  … 4 more goroutines (--verbose lists them)\n');
    expect(text).toContain('\n  3 more goroutines not told: they ran, or there are too many to look at\n');
  });
});
