import { describe, expect, it } from 'vitest';
import { type ExplainOptions, explain } from '../../../src/explain/explain';
import { headline, stuckCount } from '../../../src/explain/summary';
import type { Request, Sample, Task } from '../../../src/model/sample';
import {
  earlier,
  fileOf,
  requestOf,
  requestsOf,
  ringOf,
  sampleOf,
  stackOf,
  taskOf,
  workerOf,
} from '../samples';

const FUSE_READ = ['folio_wait_bit_common', 'filemap_get_pages', 'filemap_read', '__io_read'];
const WAITER = taskOf({
  kernelStack: stackOf('io_cqring_wait', '__do_sys_io_uring_enter'),
  syscall: { number: 426, name: 'io_uring_enter', args: ['0x3', '0x0', '0x1', '0x1', '0x0', '0x8'] },
  blocked: 30,
});

/** A process with one ring, each of whose requests the walk has found. */
function walked(requests: readonly Request[], parts: Partial<Sample> = {}): Sample {
  const count = requests.filter(({ ring }) => ring === 1).length;
  return sampleOf({
    tasks: [WAITER],
    rings: [ringOf({ sqHead: 500, sqTail: 500, inFlight: count, live: count, explained: count })],
    requests,
    ...parts,
  });
}

const first = (sample: Sample, options: ExplainOptions = { last: true }) =>
  explain(sample, options).sample.findings[0];
const tags = (sample: Sample, options?: ExplainOptions) =>
  explain(sample, options).sample.findings.map(({ severity, tag }) => `${severity} ${tag}`);

describe('workers held by a file, with every request known', () => {
  const fuse = (fd: number, mount: string, server: string) =>
    fileOf(fd, `${mount}/db`, {
      mount,
      fsType: 'fuse.sshfs',
      source: 'host:/data',
      device: '0:45',
      holder: { pid: 800 + fd, name: server },
      waiting: 8,
    });
  const resources = [fuse(6, '/mnt/a', 'one'), fuse(7, '/mnt/b', 'two')];
  const workers: readonly Task[] = Array.from({ length: 8 }, (_, n) =>
    workerOf(10 + n, 'READ', FUSE_READ, 31.2),
  );
  const running = workers.map(({ tid }) => requestOf({ fd: 7, path: '/mnt/b/db', worker: tid }));
  const full = {
    tid: 7,
    bounded: { workers: 8, limit: 8, queued: 92 },
    unbounded: { workers: 0, limit: 99, queued: 0 },
  };
  const parts = { tasks: [WAITER, ...workers], resources, workerPools: [full] };

  it('are counted by that file, though others of the same kind are open', () => {
    const sample = walked([...running, ...requestsOf(92, { fd: 7, state: 'queued' })], parts);
    expect(first(sample)?.summary).toBe(
      '8 reads of /mnt/b/db (fuse.sshfs) wait for the FUSE server two (807) to supply a page, 31 s so far; 92 more requests queue behind, for all 8 workers are taken.',
    );
    expect(first(sample)?.evidence).not.toContainEqual({ fd: 6 });
    expect(stuckCount(explain(sample, { last: true }).sample)).toBe(100);
    expect(headline(explain(sample, { last: true }).sample)).toBe('100 requests stuck · 31 s');
  });

  it('are not told to hold a file that only may be meant', () => {
    const unsure = running.map((request) => ({ ...request, certainty: 'ambiguous' as const }));
    expect(first(walked(unsure, parts))?.summary).not.toContain('/mnt/b/db');
  });

  it('hold also what is inside the same file system and what is chained behind any of it', () => {
    const requests = [
      ...running,
      ...requestsOf(3, { fd: 7, state: 'issued' }),
      ...requestsOf(5, { fd: 6, state: 'issued' }),
      requestOf({ state: 'linked', after: 0 }),
      requestOf({ state: 'linked', after: 16 }),
      requestOf({ state: 'drained' }),
    ];
    const finding = first(walked(requests, parts));
    expect(finding?.summary).toContain(
      '; 3 more requests are inside the file system at /mnt/b; 3 more wait behind those.',
    );
    expect(finding?.stuck).toBe(14);
    const evidence = finding?.evidence.flatMap((item) => ('request' in item ? [item.request] : []));
    expect(evidence?.sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 17, 18]);
  });

  it('leave what is inside another, slow disk to be told by itself', () => {
    const lock = workerOf(10, 'WRITE', ['locks_lock_inode_wait', 'flock_lock_inode_wait'], 9);
    const files = [fileOf(6, '/mnt/a', { blockDevice: 'vdb' })];
    const devices = [{ name: 'vdb', inFlightReads: 4, inFlightWrites: 0, completed: 5 }];
    const requests = [
      requestOf({ operation: 'WRITE', fd: 6, worker: 10 }),
      ...requestsOf(4, { fd: 6, state: 'issued' }),
    ];
    const sample = walked(requests, { tasks: [WAITER, lock], resources: files, devices });
    const told = explain(sample, { other: earlier(sample), last: true }).sample;
    expect(told.findings.map(({ severity, tag }) => `${severity} ${tag}`)).toEqual([
      'critical inside-device',
      'info waits-for-lock',
    ]);
    expect(stuckCount(told)).toBe(4);
  });

  it('are not said to hold what is not listed', () => {
    const rings = [ringOf({ inFlight: 20, live: 20, explained: 8, lost: 12 })];
    const finding = first(walked(running, { ...parts, rings }));
    expect(finding?.summary).toMatch(/; 12 more requests are in flight and not listed\.$/);
    expect(finding?.stuck).toBe(8);
  });

  it('hold nothing that waits for something else', () => {
    const requests = [
      ...running,
      requestOf({ operation: 'TIMEOUT', state: 'timeout', timeLeft: 9 }),
      requestOf({ operation: 'RECV', state: 'polling', userData: '0x9' }),
      requestOf({ state: 'linked', after: 9 }),
    ];
    expect(first(walked(requests, parts))?.stuck).toBe(8);
  });

  it('end also where a damaged sample chains requests in a circle', () => {
    const requests = [
      ...running,
      requestOf({ state: 'linked', after: 9 }),
      requestOf({ state: 'linked', after: 8 }),
      requestOf({ state: 'linked', after: 10 }),
    ];
    expect(first(walked(requests, parts))?.stuck).toBe(8);
  });

  it('are exhausted by the count of their pool, and not while one is free', () => {
    const requests = [...running, ...requestsOf(92, { fd: 7, state: 'queued' })];
    expect(tags(walked(requests, parts), { last: true })).toContain('critical workers-exhausted');
    const free = { ...full, bounded: { workers: 8, limit: 16, queued: 92 } };
    const calm = walked(requests, { ...parts, workerPools: [free] });
    expect(tags(calm, { last: true })).toEqual(['critical stuck-on-resource']);
    expect(first(calm)?.summary).toMatch(/; 92 more requests queue behind\.$/);
  });
});

describe('a process whose rings’ memory alone was read', () => {
  it('has what nobody can place counted behind its held workers, as without it', () => {
    const tasks = [10, 11].map((tid) => workerOf(tid, 'OPENAT', ['wait_for_partner', 'fifo_open'], 9));
    const requests = [
      ...tasks.map(({ tid }) => requestOf({ operation: 'OPENAT', worker: tid, sources: ['stack'] })),
      ...requestsOf(6, { operation: 'OPENAT', state: 'issued', sources: ['ring memory'] }),
    ];
    const rings = [ringOf({ inFlight: 8, explained: 8, ambiguous: 0, lost: 0 })];
    expect(first(sampleOf({ tasks: [WAITER, ...tasks], rings, requests }))?.summary).toMatch(
      /^2 opens hold both io-wq workers .*6 more requests most likely wait for a free one\.$/,
    );
  });
});

describe('what nothing places', () => {
  it('is told with the reason why', () => {
    const requests = requestsOf(3, { state: 'issued', sources: ['ring memory'] });
    const rings = [ringOf({ inFlight: 5, explained: 3, ambiguous: 0, lost: 2 })];
    const finding = first(sampleOf({ tasks: [WAITER], rings, requests }));
    expect(finding?.summary).toMatch(/^5 requests of ring 1 \(fd 3\) are in flight/);
    expect(finding?.explanation).toMatch(
      /ring’s memory lists them.* Of 2 requests the submission entry was overwritten/,
    );
  });
});

describe('requests inside devices, by the files they name', () => {
  const disk = (name: string) => ({ name, inFlightReads: 40, inFlightWrites: 0, completed: 5 });
  const parts = {
    resources: [
      fileOf(6, '/mnt/a', { blockDevice: 'vdb' }),
      fileOf(7, '/mnt/b', { blockDevice: 'vdc' }),
      fileOf(8, '/mnt/c', { blockDevice: 'vdd' }),
    ],
    devices: [disk('vdb'), disk('vdc'), { ...disk('vdd'), inFlightReads: 0 }],
  };
  const summaries = (requests: readonly Request[]) => {
    const sample = walked(requests, parts);
    return explain(sample, { other: earlier(sample), last: true }).sample.findings.map(
      ({ severity, summary }) => `${severity}: ${summary}`,
    );
  };

  it('are told disk by disk', () => {
    const requests = [
      ...requestsOf(32, { fd: 6, state: 'issued' }),
      ...requestsOf(3, { fd: 7, state: 'issued' }),
    ];
    expect(summaries(requests)).toEqual([
      'critical: 32 requests of /mnt/a are inside the disk vdb, which has 40 in flight and has finished none in the last 1 s.',
      'critical: 3 requests of /mnt/b are inside the disk vdc, which has 40 in flight and has finished none in the last 1 s.',
    ]);
  });

  it('are in no disk that has nothing to do, nor in the disk of another file', () => {
    expect(summaries(requestsOf(3, { fd: 8, state: 'issued' }))).toEqual([
      'info: 3 requests of ring 1 (fd 3) are in flight: 3 reads in the device or file system.',
    ]);
  });

  it('are not those that only wait for their thread', () => {
    const stage = 'waits for thread 7 to run its completion';
    const [finding, ...others] = summaries(requestsOf(3, { fd: 6, state: 'issued', stage }));
    expect(others).toEqual([]);
    expect(finding).toBe(
      'info: 3 requests of ring 1 (fd 3) are in flight: 3 reads on their way to completion.',
    );
    expect(first(walked(requestsOf(3, { fd: 6, state: 'issued', stage }), parts))?.explanation).toContain(
      '3 requests: each waits for thread 7 to run its completion.',
    );
  });
});

describe('ordinary waits that are listed', () => {
  it('are only timers, with the next and the overdue', () => {
    const timer = (timeLeft: number) => requestOf({ operation: 'TIMEOUT', state: 'timeout', timeLeft });
    expect(first(walked([timer(3540)]))).toMatchObject({
      tag: 'only-timers',
      severity: 'info',
      summary: 'Only timers are pending: 1 request of ring 1 (fd 3); the next fires in 59 min 0 s.',
    });
    expect(first(walked([timer(3540), timer(-2)]))?.summary).toContain('1 should have fired 2 s ago');
  });

  it('are told by what they wait for, and no rule says that nothing is pending', () => {
    const requests = [
      requestOf({ operation: 'FUTEX_WAIT', state: 'waiting' }),
      requestOf({ operation: 'WAITID', state: 'waiting' }),
      ...requestsOf(2, { operation: 'FSYNC', state: 'linked', after: 0 }),
    ];
    expect(tags(walked(requests), { last: true })).toEqual(['info pending', 'info held-back']);
    expect(first(walked(requests))?.summary).toBe(
      '4 requests of ring 1 (fd 3) are in flight: 2 fsyncs waiting behind a link, 1 futex wait and 1 waitid.',
    );
  });

  it('leave what no list holds to be told as not listed', () => {
    const sample = walked([requestOf({ operation: 'TIMEOUT', state: 'timeout' })], {
      rings: [ringOf({ inFlight: 4, live: 4, explained: 1 })],
    });
    expect(tags(sample, { last: true })).toEqual(['info unlisted']);
    expect(first(sample)?.summary).toMatch(/^3 requests of ring 1/);
  });

  it('of armed requests name the sockets that the requests themselves name', () => {
    const socket = (fd: number) =>
      ({
        fd,
        kind: 'socket',
        socket: { protocol: 'tcp', state: 'ESTABLISHED', local: `10.0.0.1:${fd}` },
      }) as const;
    const resources = [socket(20), socket(21), socket(22)];
    const recv = (fd: number) => requestOf({ operation: 'RECV', state: 'polling', fd });
    expect(first(walked([recv(21)], { resources }))?.summary).toBe(
      '1 recv waits for the peer to send on TCP 10.0.0.1:21. Nothing is broken.',
    );
    expect(first(walked([recv(20), recv(21), recv(21)], { resources }))?.summary).toBe(
      '3 recvs wait for the peer to send on 2 sockets. Nothing is broken.',
    );
  });

  it('count what is linked and drained behind an armed one, and nothing else', () => {
    const requests = [
      requestOf({ state: 'polling' }),
      requestOf({ state: 'linked', after: 0 }),
      requestOf({ state: 'drained' }),
      requestOf({ operation: 'TIMEOUT', state: 'timeout', timeLeft: 9 }),
    ];
    expect(first(walked(requests))?.summary).toMatch(
      /; 2 more requests wait behind it\. Nothing is broken\.$/,
    );
  });
});

describe('100,000 requests', () => {
  it('are explained without a search for each of them', () => {
    const requests = Array.from({ length: 100_000 }, (_, n) =>
      requestOf(
        n % 2 === 0
          ? { state: 'polling', operation: 'RECV', fd: n % 1000 }
          : { state: 'linked', after: n - 1, userData: `0x${n}` },
      ),
    );
    let passes = 0;
    const watched = new Proxy(requests, {
      get: (list, key, self) => {
        if (typeof key === 'string' && /^(find|filter|map|flatMap|some|every|indexOf|entries)/.test(key))
          passes++;
        return Reflect.get(list, key, self) as unknown;
      },
    });
    expect(first(walked(watched))?.summary).toMatch(/^50,000 recvs .*50,000 more requests wait behind them/);
    expect(passes).toBeLessThan(40);
  });
});
