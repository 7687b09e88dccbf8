import { describe, expect, it } from 'vitest';
import { type ExplainOptions, explain } from '../../../src/explain/explain';
import { headline, stuckCount } from '../../../src/explain/summary';
import type { Sample, Task } from '../../../src/model/sample';
import { earlier, fileOf, ringOf, sampleOf, stackOf, taskOf, workerOf } from '../samples';

const FUSE_READ = ['folio_wait_bit_common', 'filemap_get_pages', 'filemap_read', '__io_read'];
const WAITER = taskOf({
  kernelStack: stackOf('io_cqring_wait', '__do_sys_io_uring_enter'),
  syscall: { number: 426, name: 'io_uring_enter', args: ['0x3', '0x0', '0x1', '0x1', '0x0', '0x8'] },
  blocked: 30,
});
const LATER = { host: { name: 'db1', kernel: '6.18.0', arch: 'x86_64', uptime: 1001, cpus: 2 } };

const tags = (sample: Sample, options?: ExplainOptions) =>
  explain(sample, options).sample.findings.map((f) => `${f.severity} ${f.tag}`);

describe('a FUSE server that does not answer', () => {
  const sample = sampleOf({
    tasks: [WAITER, ...Array.from({ length: 8 }, (_, i) => workerOf(10 + i, 'READ', FUSE_READ, 31.2 - i))],
    rings: [ringOf({ sqEntries: 128, sqHead: 100, sqTail: 100, inFlight: 100, explained: 8 })],
    resources: [
      fileOf(6, '/mnt/data/db', {
        mount: '/mnt/data',
        fsType: 'fuse.sshfs',
        source: 'host:/data',
        device: '0:45',
        holder: { pid: 812, name: 'sshfs' },
        waiting: 8,
      }),
    ],
  });
  const { findings } = explain(sample).sample;

  it('is the answer, with who, what, how many, since when and what queues behind', () => {
    expect(findings[0]?.summary).toBe(
      '8 reads of /mnt/data/db (fuse.sshfs) wait for the FUSE server sshfs (812) to supply a page, 31 s so far; 92 more requests queue behind, for all 8 workers are taken.',
    );
    expect(findings[0]?.severity).toBe('critical');
    expect(findings[0]?.explanation).toContain('sshfs (812) and has 8 unanswered requests');
  });

  it('names the workers, requests and file as its proof', () => {
    expect(findings[0]?.evidence).toContainEqual({ task: 10 });
    expect(findings[0]?.evidence).toContainEqual({ fd: 6 });
  });

  it('also says that the workers are exhausted, and counts no request twice', () => {
    expect(findings.map((f) => f.tag)).toEqual(['stuck-on-resource', 'workers-exhausted']);
    expect(stuckCount(explain(sample).sample)).toBe(100);
    expect(headline(explain(sample).sample)).toBe('100 requests stuck · 31 s');
  });

  it('is no finding while the wait is everyday business: a second look decides', () => {
    const brief = sampleOf({ ...sample, tasks: [workerOf(10, 'READ', FUSE_READ, 0.004)], rings: [ringOf()] });
    expect(explain(brief).lookAgain).toBe(true);
    expect(tags(brief, { other: earlier(brief), last: true })).toEqual(['info at-rest']);
  });
});

describe('workers that are all held', () => {
  const FIFO = ['wait_for_partner', 'fifo_open'];
  const held = (...stacks: readonly (readonly string[])[]) =>
    explain(
      sampleOf({
        tasks: [WAITER, ...stacks.map((stack, i) => workerOf(10 + i, 'OPENAT', stack, 9))],
        rings: [ringOf({ sqHead: 8, sqTail: 8, inFlight: 8, explained: 2 })],
      }),
    ).sample;

  it('stop what queues for one, though the wait itself is an ordinary one', () => {
    const { findings } = held(FIFO, FIFO);
    expect(findings[0]?.severity).toBe('critical');
    expect(findings[0]?.summary).toBe(
      '2 opens hold both io-wq workers (they wait for another program to open the other end of a FIFO), and 6 more requests most likely wait for a free one.',
    );
    expect(headline(held(FIFO, FIFO))).toBe('8 requests stuck · 9 s');
  });

  it('are counted with the resource that holds them, never twice', () => {
    const fuse = ['request_wait_answer', 'fuse_simple_request'];
    expect(stuckCount(held(fuse, fuse))).toBe(8);
    expect(stuckCount(held(fuse, FIFO))).toBe(8);
  });
});

describe('requests inside a disk', () => {
  const device = { name: 'vdb', inFlightReads: 32, inFlightWrites: 0, completed: 500 };
  const at = (completed: number, cqTail: number, parts: Partial<Sample> = {}) =>
    sampleOf({
      tasks: [WAITER],
      rings: [ringOf({ sqHead: 132, sqTail: 132, cqHead: cqTail, cqTail, inFlight: 32 })],
      resources: [fileOf(6, '/mnt/db', { blockDevice: 'vdb' })],
      devices: [{ ...device, completed }],
      ...parts,
    });

  it('are stuck when the disk and the ring complete nothing between two looks', () => {
    const { findings } = explain(at(500, 100, LATER), { other: at(500, 100) }).sample;
    expect(findings[0]?.severity).toBe('critical');
    expect(findings[0]?.summary).toBe(
      '32 requests of /mnt/db are inside the disk vdb, which has 32 in flight and has finished none in the last 1 s.',
    );
  });

  it.each([
    ['the disk completes requests', at(900, 100, LATER)],
    ['the ring completes requests', at(500, 120, LATER)],
  ])('are a busy program when %s', (_, later) => {
    expect(tags(later, { other: at(500, 100) })).toEqual(['info unlisted']);
  });

  it('ask for a second look when there is only one', () => {
    expect(explain(at(500, 100)).lookAgain).toBe(true);
  });

  it('are stuck at once when device-mapper says the disk is suspended', () => {
    const suspended = at(500, 100, { devices: [{ ...device, suspended: true, mapperName: 'data' }] });
    expect(tags(suspended)[0]).toBe('critical inside-device');
  });
});

describe('queues the program does not serve', () => {
  const unread = sampleOf({ rings: [ringOf({ sqHead: 6, sqTail: 6, cqTail: 6 })], tasks: [taskOf()] });

  it('are told when two looks see the same completions', () => {
    expect(tags(unread, { other: earlier(unread) })).toEqual(['warning not-reaped']);
  });

  it('are not told of a program that reaped meanwhile', () => {
    const before = sampleOf({ rings: [ringOf({ sqHead: 5, sqTail: 5, cqHead: 3, cqTail: 5 })] });
    const now = sampleOf({
      rings: [ringOf({ sqHead: 8, sqTail: 8, cqHead: 6, cqTail: 8 })],
      tasks: [taskOf()],
    });
    expect(tags(now, { other: earlier(before) })).toEqual(['info at-rest']);
  });

  it('are not told while a thread waits for more completions than there are', () => {
    const args = ['0x3', '0x0', '0x14', '0x1', '0x0', '0x8'];
    const waiting = sampleOf({
      ...unread,
      tasks: [{ ...WAITER, syscall: { number: 426, name: 'io_uring_enter', args } }],
      rings: [ringOf({ sqHead: 8, sqTail: 8, cqTail: 6, inFlight: 2, explained: 2 })],
    });
    expect(tags(waiting, { other: earlier(waiting) })).not.toContain('warning not-reaped');
  });

  it('count published requests over the wrap of the 32-bit counters', () => {
    const wrapped = sampleOf({ rings: [ringOf({ sqHead: 4294967295, sqTail: 1, cqHead: 9, cqTail: 9 })] });
    const [finding] = explain(wrapped, { other: earlier(wrapped) }).sample.findings;
    expect(finding?.summary).toMatch(/^2 requests sit in the submission queue/);
  });
});

describe('a wait for completions of an empty ring', () => {
  const other = (more: Partial<Task>) =>
    taskOf({ tid: 8, kernelStack: stackOf('futex_wait_queue'), ...more });
  const waiting = (...tasks: Task[]) => sampleOf({ tasks: [WAITER, ...tasks], rings: [ringOf()] });

  it('lasts for ever where no other thread can submit', () => {
    expect(tags(waiting())).toEqual(['warning waits-for-nothing']);
    expect(tags(waiting({ ...WAITER, tid: 8 }))).toEqual(['warning waits-for-nothing']);
    expect(tags(waiting(other({ kind: 'worker' })))).toEqual(['warning waits-for-nothing']);
  });

  it('is nothing wrong in a thread that collects what others submit', () => {
    const [finding] = explain(waiting(other({}))).sample.findings;
    expect(finding).toMatchObject({ severity: 'info', tag: 'waits-for-nothing' });
    expect(finding?.summary).toContain('when another thread submits');
  });
});

describe('a healthy process', () => {
  it.each([
    ['without io_uring', sampleOf({ tasks: [taskOf({ kernelStack: stackOf('ep_poll', 'do_epoll_wait') })] })],
    [
      'whose ring has an accept armed',
      sampleOf({
        tasks: [WAITER],
        rings: [ringOf({ sqHead: 1, sqTail: 1, inFlight: 1, explained: 1 })],
        requests: [
          { ring: 1, operation: 'ACCEPT', state: 'polling', certainty: 'certain', sources: ['fdinfo'] },
        ],
      }),
    ],
    ['whose threads run', sampleOf({ tasks: [taskOf({ state: 'R' })], rings: [ringOf()] })],
  ])('%s has no finding above info', (_, sample) => {
    const { findings } = explain(sample, { other: earlier(sample) }).sample;
    expect(findings.map((f) => f.severity)).toEqual(['info']);
    expect(stuckCount(explain(sample).sample)).toBe(0);
  });

  it('that sits in epoll is told by who has asked it and whom it has asked', () => {
    const connected = (fd: number, local: string, peer: string) => ({
      fd,
      kind: 'socket' as const,
      socket: { protocol: 'tcp' as const, state: 'ESTABLISHED', local, peer },
    });
    const proxy = sampleOf({
      tasks: [
        taskOf({
          kernelStack: stackOf('ep_poll', 'do_epoll_wait'),
          syscall: { number: 232, name: 'epoll_wait', args: ['0x5', '0x0', '0x1', '0x0', '0x0', '0x0'] },
        }),
      ],
      resources: [
        { fd: 5, kind: 'epoll', watches: [7, 8, 9] },
        {
          fd: 6,
          kind: 'socket',
          socket: { protocol: 'tcp', state: 'LISTEN', local: '0.0.0.0:80', peer: '0.0.0.0:0' },
        },
        connected(7, '10.0.0.1:80', '10.0.0.9:50000'),
        connected(8, '10.0.0.1:41000', '10.0.0.2:5432'),
        connected(9, '10.0.0.1:41001', '10.0.0.2:5432'),
      ],
    });
    const [answer] = explain(proxy, { last: true }).sample.findings;
    expect(answer?.summary).toContain('for 2 connections to 10.0.0.2:5432 and 1 client connection.');
  });

  it('that sits in epoll is told with what its set watches', () => {
    const socket = { kind: 'socket' as const, socket: { protocol: 'tcp' as const, state: 'LISTEN' } };
    const idle = sampleOf({
      tasks: [
        taskOf({
          kernelStack: stackOf('ep_poll', 'do_epoll_wait'),
          syscall: { number: 232, name: 'epoll_wait', args: ['0x5', '0x0', '0x1', '0x0', '0x0', '0x0'] },
        }),
      ],
      resources: [
        { fd: 5, kind: 'epoll', watches: [6, 7, 8, 99] },
        { fd: 6, ...socket },
        { fd: 7, kind: 'pipe' },
        { fd: 8, kind: 'pipe' },
      ],
    });
    const [answer] = explain(idle, { last: true }).sample.findings;
    expect(answer?.severity).toBe('info');
    expect(answer?.explanation).toContain(
      'Thread server (7) waits in the epoll set at descriptor 5 for 2 pipes, 1 listening socket and 1 descriptor.',
    );
    expect(answer?.evidence).toEqual([{ task: 7 }, { fd: 5 }]);
  });

  it('that may not be looked into is not called healthy', () => {
    const blind = sampleOf({
      tasks: [taskOf()],
      notVisible: [{ what: 'open files and io_uring rings', why: 'the process belongs to user 5' }],
    });
    expect(explain(blind).sample.findings[0]?.summary).toContain('cannot be told');
  });
});

describe('two looks', () => {
  it('are compared only when they saw the same process', () => {
    const other = sampleOf({ process: { pid: 7, startTime: 6, name: 'another', command: [] } });
    const unread = sampleOf({ rings: [ringOf({ sqHead: 6, sqTail: 6, cqTail: 6 })] });
    expect(explain(unread, { other }).lookAgain).toBe(true);
  });
});
