import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/explain/explain';
import type { Finding, Request, Sample } from '../../../src/model/sample';
import { fileOf, requestOf, requestsOf, ringOf, sampleOf, workerOf } from '../samples';

const PAGE = ['folio_wait_bit_common', 'filemap_get_pages', 'filemap_read', '__io_read'];
const fuse = {
  mount: '/mnt/data',
  fsType: 'fuse.sshfs',
  device: '0:45',
  holder: { pid: 812, name: 'sshfs' },
  waiting: 8,
};
const resources = [
  fileOf(6, '/mnt/data/db', fuse),
  fileOf(7, '/srv/log', { mount: '/srv' }),
  fileOf(8, '/srv/index', { mount: '/srv' }),
  { fd: 9, kind: 'socket', link: 'socket:[5]' } as const,
];

/** Eight workers that read /mnt/data/db, and what stands behind them. */
function behind(queued: readonly Request[], parts: Partial<Sample> = {}): Finding | undefined {
  const workers = Array.from({ length: 8 }, (_, n) => workerOf(10 + n, 'READ', PAGE, 31.2));
  const running = workers.map(({ tid }) => requestOf({ fd: 6, path: '/mnt/data/db', worker: tid }));
  const requests = [...running, ...queued];
  const count = requests.length;
  const full = {
    tid: 7,
    bounded: { workers: 8, limit: 8, queued: queued.length },
    unbounded: { workers: 0, limit: 99, queued: 0 },
  };
  const sample = sampleOf({
    tasks: workers,
    rings: [ringOf({ sqEntries: 128, inFlight: count, live: count, explained: count })],
    requests,
    resources,
    workerPools: [full],
    ...parts,
  });
  return explain(sample, { last: true }).sample.findings[0];
}

const queued = (count: number, fd: number) => requestsOf(count, { fd, state: 'queued' });

describe('requests that queue for a worker', () => {
  it('are told apart by whether they are for the file that holds the workers', () => {
    const finding = behind([...queued(52, 6), ...queued(30, 7), ...queued(10, 8)]);
    expect(finding?.summary).toBe(
      '8 reads of /mnt/data/db (fuse.sshfs) wait for the FUSE server sshfs (812) to supply a page, 31 s so far; 92 more requests, 40 of those for other files, queue behind, for all 8 workers are taken.',
    );
    expect(finding?.explanation).toMatch(
      /^8 of 8 io-wq workers are blocked in filemap_get_pages, killable; 92 more requests cannot start before one is free, 40 of those for other files: \/srv\/log and \/srv\/index\. They cannot be cancelled or timed out until the FUSE server answers or the mount is aborted; only killing the process ends them earlier\. The 92 still queued can be cancelled now\./,
    );
  });

  it('are said to be all for other files where none is for the same', () => {
    expect(behind(queued(3, 7))?.summary).toContain('; 3 more requests, all for another file, queue behind,');
    expect(behind(queued(1, 9))?.summary).toContain(
      '; 1 more request, for another descriptor, queues behind,',
    );
  });

  it('are not told apart where they are all for the same file, or where one held request has no name', () => {
    expect(behind(queued(3, 6))?.summary).toContain('; 3 more requests queue behind,');
    const nameless = [requestOf({ operation: 'OPENAT', worker: 10 }), ...queued(3, 7)];
    expect(behind(nameless)?.summary).toContain('; 3 more requests queue behind,');
  });

  it('are told apart from ring memory alone, too', () => {
    const from = { sources: ['ring memory'] } as const;
    const rows = (rows: readonly Request[]) => rows.map((row) => ({ ...row, ...from }));
    const requests = [
      ...rows(requestsOf(8, { fd: 6, path: '/mnt/data/db' })),
      ...rows([...queued(2, 6), ...queued(4, 7)]),
    ];
    const rings = [ringOf({ sqEntries: 128, inFlight: 14, explained: 14 })];
    const finding = behind([], { requests, rings, workerPools: [] });
    expect(finding?.summary).toContain('; 6 more requests, 4 of those for another file, queue behind,');
  });
});

describe('workers of which only some hold the file', () => {
  it('are counted', () => {
    const one = workerOf(10, 'READ', PAGE, 31.2);
    const opens = Array.from({ length: 7 }, (_, n) =>
      workerOf(11 + n, 'OPENAT', ['wait_for_partner', 'fifo_open'], 40),
    );
    const finding = behind(queued(5, 7), { tasks: [one, ...opens] });
    expect(finding?.summary).toMatch(/^1 read of .* for all 8 workers are taken, 1 of them by this\.$/);
  });
});

describe('writes of a FUSE file, one at the server and the others at the inode’s lock', () => {
  it('name the server', () => {
    const lock = ['fuse_file_write_iter', 'io_write'];
    const tasks = [
      workerOf(10, 'WRITE', lock, 31),
      workerOf(11, 'WRITE', lock, 31),
      workerOf(12, 'WRITE', ['request_wait_answer', '__fuse_simple_request', 'fuse_file_write_iter'], 31),
    ];
    const requests = tasks.map(({ tid }) => requestOf({ operation: 'WRITE', fd: 6, worker: tid }));
    const finding = behind([], { tasks, requests });
    expect(finding?.summary).toBe(
      '3 writes of /mnt/data/db (fuse.sshfs) wait for the FUSE server sshfs (812) to answer, 31 s so far.',
    );
  });

  it('name it also where all of them wait for the lock', () => {
    const tasks = [workerOf(10, 'WRITE', ['fuse_file_write_iter', 'io_write'], 31)];
    const requests = [requestOf({ operation: 'WRITE', fd: 6, worker: 10 })];
    expect(behind([], { tasks, requests })?.summary).toContain(
      'waits for another operation on the file, which the FUSE server sshfs (812) has not answered',
    );
  });
});
