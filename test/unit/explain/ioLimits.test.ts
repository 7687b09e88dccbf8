import { describe, expect, it } from 'vitest';
import { cgroupSentence } from '../../../src/explain/cgroups';
import { explain } from '../../../src/explain/explain';
import { holdingLimit } from '../../../src/explain/ioLimits';
import type { BlockDevice, CgroupLimit, Request, Sample } from '../../../src/model/sample';
import { earlier, fileOf, requestOf, ringOf, sampleOf, stackOf, taskOf, workerOf } from '../samples';

const IDLE: BlockDevice = {
  name: 'loop3',
  device: '7:3',
  inFlightReads: 0,
  inFlightWrites: 0,
  completed: 50,
};
const RBPS: CgroupLimit = { path: '/limited', file: 'io.max', limit: '7:3 rbps=1 wiops=9' };
const WAITER = taskOf({ kernelStack: stackOf('io_cqring_wait', '__do_sys_io_uring_enter'), blocked: 30 });

const limited = (limits: readonly CgroupLimit[], devices: readonly BlockDevice[]): Sample =>
  sampleOf({ cgroup: { path: '/limited/job', limits }, devices });

/** Four reads of one file on loop3 that no thread carries. */
function reading(parts: Partial<Sample> = {}, request: Partial<Request> = {}): Sample {
  const reads = [0, 1, 2, 3].map((n) =>
    requestOf({ fd: 6, path: '/data/x', state: 'issued', userData: `0x${n}`, sequence: n, ...request }),
  );
  return {
    ...limited([RBPS], [IDLE]),
    tasks: [WAITER],
    rings: [ringOf({ inFlight: 4, live: 4, explained: 4, cqHead: 9, cqTail: 9 })],
    requests: reads,
    resources: [fileOf(6, '/data/x', { mount: '/data', blockDevice: 'loop3', device: '7:3' })],
    ...parts,
  };
}

const found = (sample: Sample, other: Sample | undefined) =>
  explain(sample, { last: true, ...(other ? { other } : {}) }).sample.findings;
const graves = (sample: Sample, other = earlier(sample)) =>
  found(sample, other).filter(({ severity }) => severity !== 'info');

describe('the limit behind which a disk’s requests stand', () => {
  it.each([
    ['io.max', '7:3 rbps=1 wiops=9', 'io.max rbps=1 on loop3'],
    ['blkio.throttle.read_bps_device', '7:3 1', 'blkio.throttle.read_bps_device 1 on loop3'],
  ])('is that of %s for the way the bytes go', (file, limit, words) => {
    const sample = limited([{ path: '/limited', file, limit }], [IDLE]);
    expect(holdingLimit(sample, IDLE, 'read')?.text).toBe(`the I/O limit of cgroup /limited (${words})`);
  });

  it.each([
    ['another way', { ...RBPS, limit: '7:3 wbps=1' }, IDLE],
    ['another disk', { ...RBPS, limit: '7:33 rbps=1' }, IDLE],
    ['the processor', { ...RBPS, file: 'cpu.max', limit: '20000 100000' }, IDLE],
    ['a disk that has requests', RBPS, { ...IDLE, inFlightReads: 1 }],
    ['a disk that is suspended', RBPS, { ...IDLE, suspended: true }],
    ['a disk whose counters are not known', RBPS, { name: 'loop3', device: '7:3' }],
  ])('is none for %s', (_, limit, disk) => {
    expect(holdingLimit(limited([limit], [disk]), disk, 'read')).toBeUndefined();
  });

  it('is also one of the disk below, where the upper has the requests in flight and the lower has none', () => {
    const upper: BlockDevice = { name: 'dm-0', device: '252:0', inFlightReads: 4, members: ['loop3'] };
    expect(holdingLimit(limited([RBPS], [upper, IDLE]), upper, 'read')?.disk.name).toBe('loop3');
    const asleep = { ...upper, inFlightReads: 0 };
    expect(holdingLimit(limited([RBPS], [asleep, IDLE]), asleep, 'read')).toBeUndefined();
  });
});

describe('the limits of a cgroup beside a wait for a disk', () => {
  it('are those of the files’ disks', () => {
    const other: CgroupLimit = { path: '/limited', file: 'io.max', limit: '254:0 riops=5' };
    const sample = limited([other, RBPS], [{ ...IDLE, inFlightReads: 4 }]);
    const file = fileOf(6, '/data/x', { blockDevice: 'loop3' });
    expect(cgroupSentence(sample, 'device', [file])).toBe(
      'Its cgroup /limited allows it 7:3 rbps=1 wiops=9 (io.max).',
    );
  });

  it('tell of shares only where a throttle holds the task', () => {
    const shares: CgroupLimit = { path: '/', file: 'io.cost.qos', limit: '7:3 enable=1' };
    expect(cgroupSentence(limited([shares], [IDLE]), 'throttled')).toBe(
      'The machine’s io.cost.qos says 7:3 enable=1.',
    );
    expect(cgroupSentence(limited([shares], [IDLE]), 'device')).toBe('');
  });
});

describe('requests held back by an I/O limit', () => {
  it('are told with the cgroup, the file, the limit and the disk', () => {
    const [first, ...others] = graves(reading());
    expect(others).toEqual([]);
    expect(first).toMatchObject({ tag: 'throttled', severity: 'warning', stuck: 4 });
    expect(first?.summary).toBe(
      '4 reads of /data/x wait inside the I/O limit of cgroup /limited (io.max rbps=1 on loop3): the disk itself has nothing in flight.',
    );
    expect(first?.explanation).toContain(
      'cannot be cancelled or timed out until the I/O limit allows it: they have been handed on',
    );
  });

  it('are none where completions keep coming, or these were not there a moment ago', () => {
    const sample = reading();
    const before = earlier(sample);
    expect(graves(sample, { ...before, rings: [ringOf({ cqHead: 5, cqTail: 5 })] })).toEqual([]);
    const others = before.requests.map((request, n) => ({
      ...request,
      userData: `0x1${n}`,
      sequence: n + 4,
    }));
    expect(graves(sample, { ...before, requests: others })).toEqual([]);
  });

  it('are looked at again before anything grave is said of them', () => {
    expect(explain(reading()).lookAgain).toBe(true);
    expect(found(reading(), undefined)[0]).toMatchObject({ tag: 'throttled', severity: 'info' });
  });

  it('are none of which it is not certain that they are pending', () => {
    expect(graves(reading({}, { certainty: 'ambiguous' }))).toEqual([]);
    const own = reading({}, { certainty: 'inferred', sources: ['ring memory'] });
    expect(graves(own)).toHaveLength(1);
    const idle = taskOf({ kernelStack: stackOf('hrtimer_nanosleep'), blocked: 30 });
    expect(graves({ ...own, tasks: [idle] })).toEqual([]);
  });

  it('are told of the workers that carry them, too', () => {
    const stack = ['folio_wait_bit_common', 'filemap_get_pages', 'filemap_read', '__io_read'];
    const worker = workerOf(11, 'READ', stack, 3);
    const sample = reading({ tasks: [WAITER, worker], requests: [] });
    const [first] = graves({
      ...sample,
      rings: [ringOf({ inFlight: 1, live: 1, explained: 1 })],
      requests: [requestOf({ fd: 6, path: '/data/x', worker: 11 })],
    });
    expect(first).toMatchObject({ tag: 'throttled', severity: 'warning' });
    expect(first?.summary).toBe(
      '1 read of /data/x (ext4) waits inside the I/O limit of cgroup /limited (io.max rbps=1 on loop3), 3 s so far: the disk itself has nothing in flight.',
    );
  });

  it('are none that wait because the disk’s queue is frozen', () => {
    const task = taskOf({
      state: 'D',
      blocked: 9,
      kernelStack: stackOf('blk_queue_enter', 'blkdev_read_iter'),
    });
    const [first] = graves(reading({ tasks: [task], requests: [], rings: [] }));
    expect(first).toMatchObject({ tag: 'stuck-on-resource', severity: 'critical' });
  });

  it('are a disk’s fault where the disk has them', () => {
    const busy = { ...IDLE, inFlightReads: 4 };
    expect(graves(reading({ devices: [busy] }))[0]).toMatchObject({
      tag: 'inside-device',
      severity: 'critical',
    });
  });
});
