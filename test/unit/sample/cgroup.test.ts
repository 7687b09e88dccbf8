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

  it('has the limits of version 1’s blkio for its own processes alone', async () => {
    const file = 'blkio.throttle.read_bps_device';
    const target = fakeTarget({
      [`/sys/fs/cgroup/blkio/a/${file}`]: '7:0 1\n',
      [`/sys/fs/cgroup/blkio/a/b/${file}`]: '7:1 2\n',
    });
    const found = await readCgroup(target, groups('7:blkio:/a/b\n0::/\n'));
    expect(found?.limits).toEqual([{ path: '/a/b', file, limit: '7:1 2' }]);
  });

  it('has limits of memory and tasks with what is used of them, and the machine’s cost control', async () => {
    const target = fakeTarget({
      '/sys/fs/cgroup/io.cost.qos': '7:0 enable=1 ctrl=user\n254:0 enable=0 ctrl=auto\n',
      '/sys/fs/cgroup/a/io.weight': 'default 100\n',
      '/sys/fs/cgroup/a/memory.high': '1048576\n',
      '/sys/fs/cgroup/a/memory.current': '2097152\n',
      '/sys/fs/cgroup/a/pids.max': 'max\n',
    });
    expect((await readCgroup(target, groups('0::/a\n')))?.limits).toEqual([
      { path: '/a', file: 'memory.high', limit: '1048576', used: '2097152' },
      { path: '/', file: 'io.cost.qos', limit: '7:0 enable=1 ctrl=user' },
    ]);
  });

  it('is found by version 1’s memory, whose unlimited is a number', async () => {
    const target = fakeTarget({
      '/sys/fs/cgroup/memory/m/memory.limit_in_bytes': '9223372036854771712\n',
      '/sys/fs/cgroup/pids/p/pids.max': '3\n',
      '/sys/fs/cgroup/pids/p/pids.current': '3\n',
    });
    expect(await readCgroup(target, groups('4:memory:/m\n8:pids:/p\n0::/\n'))).toEqual({
      path: '/m',
      limits: [{ path: '/p', file: 'pids.max', limit: '3', used: '3' }],
    });
  });

  it('is none in the root group, and one outside of what the reader sees is not searched for', async () => {
    const target = fakeTarget({});
    expect(await readCgroup(target, groups('0::/\n'))).toBeUndefined();
    expect(await readCgroup(target, groups('0::/../../other\n'))).toBeUndefined();
    expect(target.asked).toEqual([]);
  });
});
