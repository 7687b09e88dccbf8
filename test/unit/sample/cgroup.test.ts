import { describe, expect, it } from 'vitest';
import { parseCgroup } from '../../../src/procfs/cgroup';
import { readCgroup } from '../../../src/sample/cgroup';
import { fakeTarget } from './fakeTarget';

const groups = (text: string) => parseCgroup(text).rows;

describe('the control group of a process', () => {
  it('tells who froze it and which limits hold, its own and those above', async () => {
    const target = fakeTarget({
      '/sys/fs/cgroup/a/io.max': '254:0 rbps=max wbps=max riops=1 wiops=max\n8:0 rbps=max wbps=max\n',
      '/sys/fs/cgroup/a/cgroup.freeze': '1\n',
      '/sys/fs/cgroup/a/b/cgroup.freeze': '0\n',
      '/sys/fs/cgroup/a/b/cpu.max': '20000 100000\n',
      '/sys/fs/cgroup/a/b/memory.max': 'max\n',
    });
    expect(await readCgroup(target, groups('0::/a/b\n'))).toEqual({
      path: '/a/b',
      frozenBy: '/a',
      limits: [
        { path: '/a/b', file: 'cpu.max', limit: '20000 100000' },
        { path: '/a', file: 'io.max', limit: '254:0 riops=1' },
      ],
    });
  });

  it('is found in version 1, where each controller has a tree of its own', async () => {
    const target = fakeTarget({
      '/sys/fs/cgroup/freezer/job/freezer.state': 'FROZEN\n',
      '/sys/fs/cgroup/blkio/slow/blkio.throttle.read_iops_device': '7:0 1\n',
      '/sys/fs/cgroup/blkio/slow/blkio.throttle.write_iops_device': '',
    });
    const rows = groups('6:freezer:/job\n7:blkio:/slow\n0::/\n');
    expect(await readCgroup(target, rows)).toEqual({
      path: '/job',
      frozenBy: '/job',
      limits: [{ path: '/slow', file: 'blkio.throttle.read_iops_device', limit: '7:0 1' }],
    });
  });

  it('is none in the root group, and one outside of what the reader sees is not searched for', async () => {
    const target = fakeTarget({});
    expect(await readCgroup(target, groups('0::/\n'))).toBeUndefined();
    expect(await readCgroup(target, groups('0::/../../other\n'))).toBeUndefined();
    expect(target.asked).toEqual([]);
  });
});
