import { describe, expect, it } from 'vitest';
import { cgroupLine } from '../../../src/explain/cgroups';
import { explain } from '../../../src/explain/explain';
import type { CgroupLimit, Sample } from '../../../src/model/sample';
import { fileOf, requestOf, requestsOf, ringOf, sampleOf, workerOf } from '../samples';

const READING = ['folio_wait_bit_common', 'filemap_get_pages', 'filemap_read', '__io_read'];

/** Two reads in workers, six that queue, in a group that may have some tasks. */
function queueing(used: string, operation = 'READ'): Sample {
  const limit: CgroupLimit = { path: '/few', file: 'pids.max', limit: '3', used };
  return sampleOf({
    tasks: [11, 12].map((tid) => workerOf(tid, operation, READING, 9)),
    rings: [ringOf({ inFlight: 8, live: 8, explained: 8 })],
    requests: [
      ...[11, 12].map((worker) => requestOf({ fd: 6, path: '/mnt/x', operation, worker })),
      ...requestsOf(6, { fd: 6, path: '/mnt/x', operation, state: 'queued' }),
    ],
    workerPools: [
      {
        tid: 7,
        bounded: { workers: 2, limit: 8, queued: 6 },
        unbounded: { workers: 0, limit: 9, queued: 0 },
      },
    ],
    resources: [fileOf(6, '/mnt/x', { fsType: 'fuse.sshfs', waiting: 2 })],
    cgroup: { path: '/few', limits: [limit] },
  });
}

const first = (sample: Sample) => explain(sample, { last: true }).sample.findings[0];

describe('a cgroup that has as many tasks as it may', () => {
  it('is why requests queue for a worker although more workers are allowed', () => {
    expect(first(queueing('3'))?.summary).toContain(
      '; 6 more requests queue behind, for its cgroup /few allows no more tasks.',
    );
    expect(first(queueing('3'))?.explanation).toContain('/few may have 3 tasks (pids.max) and has as many');
    expect(
      cgroupLine({ path: '/few', limits: [{ path: '/few', file: 'pids.max', limit: '3', used: '3' }] }),
    ).toBe('cgroup /few: pids.max 3 (3 used)');
  });

  it('is not, while it may have more, nor for writes to one file, which wait for each other', () => {
    expect(first(queueing('2'))?.summary).toMatch(/; 6 more requests queue behind\.$/);
    expect(first(queueing('3', 'WRITE'))?.summary).not.toContain('no more tasks');
    expect(
      cgroupLine({ path: '/few', limits: [{ path: '/few', file: 'pids.max', limit: '9', used: '3' }] }),
    ).toBe('');
  });
});
