import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain';
import { reportText } from '../../../src/explain/report';
import { headline, stuckCount } from '../../../src/explain/summary';
import type { AioContext, AioRequest, BlockDevice, Sample } from '../../../src/model/sample';
import { earlier, fileOf, ringOf, sampleOf, stackOf, taskOf } from '../samples';

const ADDRESS = '0x7f0000000000';
const WAITER = taskOf({
  name: 'fio',
  kernelStack: stackOf('read_events', 'do_io_getevents'),
  syscall: { number: 208, name: 'io_getevents', args: [ADDRESS, '0x1', '0x20', '0x5000', '0x0', '0x0'] },
  blocked: 30,
});
const IDLE = taskOf({ tid: 8, kernelStack: stackOf('futex_wait_queue', 'futex_wait'), blocked: 30 });

function contextOf(parts: Partial<AioContext> = {}): AioContext {
  return {
    id: 1,
    address: ADDRESS,
    capacity: 126,
    head: 0,
    tail: 0,
    unreaped: 0,
    requests: [],
    sources: ['kernel walk', 'ring memory'],
    ...parts,
  };
}

function requests(count: number, operation = 'PREAD', fd = 5): AioRequest[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{ operation, fd, path: '/mnt/db', offset: 4096 * index, length: 4096 },
    ...{ userData: `0x${index}`, iocb: `0x${index}00`, certainty: 'certain' as const },
  }));
}

const DISK: BlockDevice = {
  name: 'loop0',
  inFlightReads: 32,
  inFlightWrites: 0,
  completed: 100,
  finished: 0,
};
const FILE = fileOf(5, '/mnt/db', { blockDevice: 'loop0' });

/** The first finding after two looks that see the same, unless `before` says otherwise. */
function answer(sample: Sample, before: Partial<Sample> = {}) {
  const other = { ...earlier(sample), ...before };
  return explain(sample, { other, last: true }).sample.findings[0];
}

describe('Linux AIO on a disk that finishes nothing', () => {
  const aio = [contextOf({ pending: 32, requests: requests(32) })];
  const stuck = sampleOf({ tasks: [WAITER], aio, resources: [FILE], devices: [DISK] });

  it('is told with context, requests, disk and who waits', () => {
    expect(answer(stuck)).toMatchObject({
      tag: 'linux-aio',
      severity: 'critical',
      stuck: 32,
      summary:
        'No io_uring here: 32 reads of /mnt/db (Linux AIO context 1) are pending on the disk loop0, which has 32 requests in flight and has finished none in the last 1 s; thread fio (7) waits in io_getevents.',
      evidence: [{ aio: 1 }, { task: 7 }, { device: 'loop0' }],
    });
    const { sample } = explain(stuck, { other: earlier(stuck), last: true });
    expect(stuckCount(sample)).toBe(32);
    expect(headline(sample)).toBe('32 requests stuck · 30 s');
  });

  it('needs no thread that waits: the kernel’s count tells', () => {
    const found = answer({ ...stuck, tasks: [IDLE] });
    expect(found?.severity).toBe('critical');
    expect(found?.summary).not.toContain('waits in io_getevents');
  });

  it('is told by the thread that waits where the kernel’s count may not be read', () => {
    const found = answer({ ...stuck, aio: [contextOf({ sources: ['ring memory'] })] });
    expect(found?.summary).toBe(
      'No io_uring here: thread fio (7) waits in io_getevents (Linux AIO) for the disk loop0, which has 32 requests in flight and has finished none in the last 1 s.',
    );
    expect(found).not.toHaveProperty('stuck');
    const unasked = answer({ ...stuck, tasks: [IDLE], aio: [contextOf({ sources: ['ring memory'] })] });
    expect(unasked?.severity).toBe('info');
  });

  it('is told beside a ring, which then is there', () => {
    expect(answer({ ...stuck, rings: [ringOf()] })?.summary).toMatch(/^32 reads/);
  });

  it.each([
    ['the disk has finished something', { devices: [{ ...DISK, completed: 99 }] }],
    ['a request has completed', { aio: [contextOf({ pending: 32, tail: 126 })] }],
    ['another number was pending', { aio: [contextOf({ pending: 31 })] }],
  ])('is none while %s', (_, before) => {
    expect(answer(stuck, before)?.severity).toBe('info');
  });

  it('is looked at again before anything is said', () => {
    expect(explain(stuck).lookAgain).toBe(true);
    expect(explain(stuck, { last: true }).sample.findings[0]?.severity).toBe('info');
  });

  it('counts writes, syncs and what is not known apart', () => {
    const mixed = [...requests(2, 'PWRITEV'), ...requests(1, 'FDSYNC')];
    expect(answer({ ...stuck, aio: [contextOf({ pending: 3, requests: mixed })] })?.summary).toContain(
      '2 writes and 1 fdatasync of /mnt/db',
    );
    expect(answer({ ...stuck, aio: [contextOf({ pending: 5, requests: mixed })] })?.summary).toContain(
      'here: 5 requests (Linux AIO context 1)',
    );
  });
});

it('requests with a FUSE server that does not answer', () => {
  const file = fileOf(5, '/mnt/db', {
    fsType: 'fuse.sshfs',
    waiting: 4,
    holder: { pid: 812, name: 'sshfs' },
  });
  const aio = [contextOf({ pending: 4, requests: requests(4) })];
  expect(answer(sampleOf({ tasks: [WAITER], aio, resources: [file] }))?.summary).toContain(
    '4 reads of /mnt/db (Linux AIO context 1) are pending with the FUSE server sshfs (812), which has 4 requests unanswered',
  );
});

it('requests of one context on two disks are told apart', () => {
  const files = [FILE, fileOf(6, '/mnt/log', { blockDevice: 'loop1' })];
  const all = [...requests(3), ...requests(2, 'PWRITE', 6)];
  const sample = sampleOf({
    tasks: [IDLE],
    aio: [contextOf({ pending: 5, requests: all })],
    resources: files,
    devices: [DISK, { ...DISK, name: 'loop1', inFlightReads: 2 }],
  });
  const { findings } = explain(sample, { other: earlier(sample), last: true }).sample;
  expect(findings.map(({ summary }) => /\d \w+ of \S+.*?loop\d/.exec(summary)?.[0])).toEqual([
    '3 reads of /mnt/db (Linux AIO context 1) are pending on the disk loop0',
    '2 writes of /mnt/log (Linux AIO context 1) are pending on the disk loop1',
  ]);
  expect(findings.map(({ stuck }) => stuck)).toEqual([3, 2]);
});

it('requests with a network server that owes answers', () => {
  const file = fileOf(5, '/srv/nfs/db', { mount: '/srv/nfs', fsType: 'nfs4' });
  const calls = { sent: 9, answered: 5, unknownAnswers: 0, timeouts: 1, slow: [] };
  const mount = { mount: '/srv/nfs', fsType: 'nfs4', server: '10.9.9.1', options: ['hard'], calls };
  const aio = [contextOf({ pending: 4, requests: requests(4) })];
  const sample = sampleOf({ tasks: [WAITER], aio, resources: [file], remoteMounts: [mount] });
  expect(answer(sample)?.severity).toBe('critical');
  expect(answer(sample)?.summary).toContain('are pending with the nfs4 server 10.9.9.1 of /srv/nfs');
  const idle = { ...mount, calls: { ...calls, answered: 9 } };
  expect(answer({ ...sample, remoteMounts: [idle] })).toMatchObject({ tag: 'linux-aio', severity: 'info' });
});

it('requests of which nothing tells where they are', () => {
  const aio = [contextOf({ pending: 4 })];
  expect(answer(sampleOf({ tasks: [WAITER], aio }))).toMatchObject({
    severity: 'info',
    summary:
      'No io_uring here: 4 requests (Linux AIO context 1) are pending, none has finished in the last 1 s; which device or server has them is not known; thread fio (7) waits in io_getevents.',
  });
});

it('an I/O limit of the cgroup, which keeps requests from the disk', () => {
  const cgroup = { path: '/slow', limits: [{ path: '/slow', file: 'io.max', limit: '7:0 rbps=1' }] };
  const aio = [contextOf({ pending: 4, requests: requests(4) })];
  const devices = [{ ...DISK, device: '7:0', inFlightReads: 0 }];
  const found = answer(sampleOf({ tasks: [WAITER], aio, resources: [FILE], devices, cgroup }));
  expect(found?.severity).toBe('warning');
  expect(found?.summary).toContain(
    '4 reads of /mnt/db (Linux AIO context 1) are pending inside the I/O limit of cgroup /slow (io.max rbps=1 on loop0), while the disk itself has nothing in flight; thread',
  );
  const other = { ...cgroup, limits: [{ path: '/slow', file: 'io.max', limit: '7:0 wbps=1' }] };
  expect(
    answer(sampleOf({ tasks: [WAITER], aio, resources: [FILE], devices, cgroup: other }))?.severity,
  ).toBe('info');
});

describe('a thread inside io_submit', () => {
  const task = taskOf({
    state: 'D',
    kernelStack: stackOf('request_wait_answer', 'fuse_simple_request', 'aio_read', '__x64_sys_io_submit'),
    syscall: { number: 209, name: 'io_submit', args: [ADDRESS, '0x1', '0x5000', '0x0', '0x0', '0x0'] },
    blocked: 30,
  });
  const fuse = { mount: '/mnt', fsType: 'fuse.sshfs', holder: { pid: 812, name: 'sshfs' } };
  const resources = [fileOf(5, '/mnt/a', fuse), fileOf(6, '/mnt/b', fuse)];
  const submitting = [{ task: 7, count: 1, requests: requests(1, 'PREAD', 6) }];

  it('is stuck on the file that its requests are all about', () => {
    const sample = sampleOf({ tasks: [task], aio: [contextOf({ submitting })], resources });
    expect(answer(sample)?.summary).toMatch(
      /^No io_uring here: thread server \(7\) in io_submit on \/mnt\/b .*the FUSE server sshfs \(812\)/,
    );
    expect(reportText(sample)).toContain('thread server (7) is inside io_submit with 1 read of /mnt/db');
  });

  it.each([
    [
      'of several files',
      [{ ...submitting[0], count: 2, requests: [...requests(1, 'PREAD', 5), ...requests(1, 'PREAD', 6)] }],
    ],
    ['not all of which are known', [{ ...submitting[0], count: 3 }]],
  ])('names no file where they are %s', (_, several) => {
    const aio = [contextOf({ submitting: several as typeof submitting })];
    expect(answer(sampleOf({ tasks: [task], aio, resources }))?.summary).not.toMatch(/\/mnt\/[ab]/);
  });
});

describe('Linux AIO of a healthy process', () => {
  it.each([
    ['nothing pending while another thread may submit', [WAITER, IDLE], contextOf({ pending: 0 })],
    ['nothing known, and an idle disk', [WAITER], contextOf({ sources: ['ring memory'] })],
    ['polls alone', [WAITER], contextOf({ pending: 2, requests: requests(2, 'POLL') })],
    ['completions just come', [IDLE], contextOf({ pending: 0, unreaped: 3, head: 9 })],
  ])('%s is no alarm', (_, tasks, context) => {
    const sample = sampleOf({
      tasks,
      aio: [context],
      resources: [FILE],
      devices: [{ ...DISK, inFlightReads: 0 }],
    });
    const before = { aio: [{ ...context, head: 0 }] };
    const { findings } = explain(sample, { other: { ...earlier(sample), ...before }, last: true }).sample;
    expect(findings.map(({ severity }) => severity)).toEqual(['info']);
  });

  it('at rest, its thread is said to wait where nothing is pending', () => {
    const sample = sampleOf({ tasks: [WAITER, IDLE], aio: [contextOf({ pending: 0 })] });
    expect(answer(sample)?.summary).toContain('waits in io_getevents (Linux AIO), where nothing is pending');
  });

  it('a wait for four of which two have come may yet end', () => {
    const args = [ADDRESS, '0x4', '0x4', '0x0', '0x0', '0x0'];
    const waiter = { ...WAITER, syscall: { number: 208, name: 'io_getevents', args } };
    const sample = sampleOf({ tasks: [waiter], aio: [contextOf({ pending: 2 })] });
    expect(answer(sample)?.severity).toBe('info');
  });
});

describe('Linux AIO that nobody serves', () => {
  it('completions that stay where they are', () => {
    const sample = sampleOf({ tasks: [IDLE], aio: [contextOf({ pending: 0, unreaped: 5, tail: 5 })] });
    expect(answer(sample)).toMatchObject({
      tag: 'linux-aio',
      severity: 'warning',
      summary:
        'No io_uring here: 5 operations of Linux AIO context 1 have finished; the program has not collected their completions.',
    });
    expect(explain(sample).lookAgain).toBe(true);
    const unproven = contextOf({ unreaped: 5, sources: ['ring memory'] });
    expect(answer({ ...sample, aio: [unproven] })?.severity).toBe('info');
  });

  it('a wait while nothing is pending, with nobody to submit', () => {
    const sample = sampleOf({ tasks: [WAITER], aio: [contextOf({ pending: 0 })] });
    expect(answer(sample)).toMatchObject({ severity: 'warning' });
    expect(answer(sample)?.summary).toContain('nothing is pending there: it would wait for ever');
    const timed = {
      ...WAITER,
      syscall: { number: 208, name: 'io_getevents', args: [ADDRESS, '0x1', '0x1', '0x0', '0x7ffc'] },
    };
    expect(answer({ ...sample, tasks: [timed] })?.severity).toBe('info');
  });
});

it('the report lists contexts, requests and who waits', () => {
  const aio = [contextOf({ asked: 32, pending: 3, unreaped: 1, requests: requests(2) })];
  const text = reportText(sampleOf({ tasks: [WAITER], aio }), { width: 120 });
  expect(text).toContain(`Linux AIO contexts (1)
  context 1 · ${ADDRESS} · 3 pending · 1 completed, not collected · room for 126 (32 asked for)
    read /mnt/db · offset 0 · 4,096 bytes · data 0x0
    read /mnt/db · offset 4096 · 4,096 bytes · data 0x1
    1 request not listed
    thread fio (7) waits in io_getevents for a completion
`);
});
