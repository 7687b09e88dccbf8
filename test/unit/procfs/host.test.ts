import { describe, expect, it } from 'vitest';
import { parseBlockStat } from '../../../src/procfs/blockStat';
import { parseCgroup } from '../../../src/procfs/cgroup';
import { containerOf, isService } from '../../../src/procfs/containerCgroup';
import { parseInflight } from '../../../src/procfs/inflight';
import { parseLimits } from '../../../src/procfs/limits';
import { parseLocks } from '../../../src/procfs/locks';
import { parseProcsBlocked } from '../../../src/procfs/procsBlocked';
import { parseUptime } from '../../../src/procfs/uptime';
import { parseVersion } from '../../../src/procfs/version';
import { corpusText } from './corpus';

describe('uptime, version', () => {
  it('reads both', () => {
    expect(parseUptime('5073.67 2513.38\n')).toBe(5073.67);
    expect(parseVersion(corpusText('5.10/nfs.version'))).toEqual({
      release: '5.10.0-46-cloud-amd64',
      stable: '5.10.262',
    });
    expect(parseVersion(corpusText('6.18/host.version'))).toEqual({ release: '6.18.44' });
  });

  it('reads how many tasks the machine counts as waiting for I/O', () => {
    expect(parseProcsBlocked('cpu  1 2 3\nprocs_running 2\nprocs_blocked 17\nsoftirq 1\n')).toBe(17);
    expect(parseProcsBlocked('xprocs_blocked 17\nprocs_blocked 1e9\n')).toBeUndefined();
  });

  it.each(['', '12', 'x 1.0', '1.0'])('no uptime in %j', (text) => {
    expect(parseUptime(text)).toBeUndefined();
  });

  it.each(['', 'Linux', 'Linux version ', 'FreeBSD 14'])('no release in %j', (text) => {
    expect(parseVersion(text)).toBeUndefined();
  });
});

describe('block devices', () => {
  it('counts what a device has finished and what is inside it', () => {
    expect(parseBlockStat(corpusText('6.18/loop.blockstat'))).toEqual({
      readsCompleted: 955553,
      readSectors: 13738881,
      readTime: 2430.217,
      writesCompleted: 103608,
      writeSectors: 25521820,
      writeTime: 472.406,
      inFlight: 1,
      discards: 0,
      flushes: 19525,
    });
    expect(parseInflight('       1        8\n')).toEqual({ reads: 1, writes: 8 });
  });

  it('reads the eleven fields of old kernels, and no fewer', () => {
    expect(parseBlockStat('1 2 3 4 5 6 7 8 9 10 11')).not.toHaveProperty('discards');
    expect(parseBlockStat('1 2 3 4 5 6 7 8 9 10')).toBeUndefined();
    expect(parseBlockStat('')).toBeUndefined();
    expect(parseInflight('1')).toBeUndefined();
    expect(parseInflight('1 2 3')).toBeUndefined();
  });
});

describe('parseLocks', () => {
  it('pairs the waiter with the lock by its id', () => {
    expect(parseLocks(corpusText('6.18/flock.locks')).rows.slice(1)).toEqual([
      {
        id: 2,
        waiting: false,
        type: 'FLOCK',
        mode: 'ADVISORY',
        access: 'WRITE',
        pid: 7305,
        device: '254:0',
        inode: 2352111,
        range: '0-EOF',
      },
      {
        id: 2,
        waiting: true,
        type: 'FLOCK',
        mode: 'ADVISORY',
        access: 'WRITE',
        pid: 7307,
        device: '254:0',
        inode: 2352111,
        range: '0-EOF',
      },
    ]);
  });

  it('reads the waiter on a lease, which names no file, nested waiters and OFD locks', () => {
    const { rows } = parseLocks(corpusText('6.18/lease.locks'));
    expect(rows[1]).toMatchObject({ waiting: true, mode: 'BREAKER', inode: 0 });
    expect(rows[1]).not.toHaveProperty('device');
    expect(
      parseLocks(
        '3:   -> POSIX  ADVISORY  READ 9 07:01:12 100 200\n4: OFDLCK ADVISORY  READ -1 00:16:8 2 3\n',
      ),
    ).toMatchObject({
      rows: [
        { waiting: true, device: '7:1', range: '100-200' },
        { pid: -1, type: 'OFDLCK', device: '0:22' },
      ],
    });
  });

  it('counts what is no row', () => {
    expect(parseLocks('1: POSIX\n')).toEqual({ rows: [], unreadable: 1 });
  });
});

describe('parseLimits', () => {
  it('reads numbers and `unlimited`', () => {
    const { limits, unreadable } = parseLimits(corpusText('6.18/fuse.limits'));
    expect(limits.get('Max processes')).toEqual({ soft: 96343, hard: 96343 });
    expect(limits.get('Max open files')).toEqual({ soft: 20000, hard: 20000 });
    expect(limits.get('Max stack size')).toEqual({ soft: 8388608, hard: Number.POSITIVE_INFINITY });
    expect(limits.get('Max nice priority')).toEqual({ soft: 0, hard: 0 });
    expect(unreadable).toBe(0);
  });
});

describe('cgroup', () => {
  const id = '0123456789abcdef'.repeat(4);
  const uid = '0a1b2c3d-1111-2222-3333-444455556666';

  it('reads both versions', () => {
    expect(parseCgroup('9:name=systemd:/a:b\n2:cpu,cpuacct:/\n0::/x\nodd\n')).toEqual({
      rows: [
        { hierarchy: 9, controllers: ['name=systemd'], path: '/a:b' },
        { hierarchy: 2, controllers: ['cpu', 'cpuacct'], path: '/' },
        { hierarchy: 0, controllers: [], path: '/x' },
      ],
      unreadable: 1,
    });
  });

  it.each([
    [`/docker/${id}`, 'docker 0123456789ab'],
    [`/system.slice/docker-${id}.scope`, 'docker 0123456789ab'],
    [`/machine.slice/libpod-${id}.scope/container`, 'podman 0123456789ab'],
    [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope`, 'podman 0123456789ab'],
    [
      `/kubepods.slice/kubepods-burstable.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`,
      'containerd 0123456789ab',
    ],
    [
      `/system.slice/containerd.service/kubepods-burstable-pod1.slice:cri-containerd:${id}`,
      'containerd 0123456789ab',
    ],
    [`/kubepods.slice/kubepods-pod1.slice/crio-${id}.scope`, 'cri-o 0123456789ab'],
    [`/kubepods/burstable/pod1/${id}`, 'kubernetes 0123456789ab'],
    [`/default/${id}`, 'containerd 0123456789ab'],
    [
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice/cri-containerd-${id}.scope`,
      `containerd 0123456789ab, pod ${uid} (burstable)`,
    ],
    [
      `/kubepods.slice/kubepods-pod${uid.replaceAll('-', '_')}.slice/crio-${id}.scope`,
      `cri-o 0123456789ab, pod ${uid} (guaranteed)`,
    ],
    [`/kubepods/besteffort/pod${uid}/${id}`, `kubernetes 0123456789ab, pod ${uid} (besteffort)`],
    [
      `/system.slice/containerd.service/kubepods-burstable-pod${uid}.slice:cri-containerd:${id}`,
      `containerd 0123456789ab, pod ${uid} (burstable)`,
    ],
    // The same pods by each runtime, by the drivers cgroupfs and systemd (of which crun makes a group below).
    [`/kubepods/pod${uid}/${id}`, `kubernetes 0123456789ab, pod ${uid} (guaranteed)`],
    [`/kubepods/burstable/pod${uid}/crio-${id}`, `cri-o 0123456789ab, pod ${uid} (burstable)`],
    [
      `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${uid.replaceAll('-', '_')}.slice/crio-${id}.scope/container`,
      `cri-o 0123456789ab, pod ${uid} (besteffort)`,
    ],
    [
      `/kubepods.slice/kubepods-pod${uid.replaceAll('-', '_')}.slice/docker-${id}.scope`,
      `docker 0123456789ab, pod ${uid} (guaranteed)`,
    ],
    [`/kubepods.slice/kubepods-pod${uid.replaceAll('-', '_')}.slice/crio-conmon-${id}.scope`, undefined],
    // kind: the kubelet below a slice of its own, alone and seen from the host of the node’s container.
    [
      `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod${uid.replaceAll('-', '_')}.slice/cri-containerd-${id}.scope`,
      `containerd 0123456789ab, pod ${uid} (burstable)`,
    ],
    [
      `/system.slice/docker-${'f'.repeat(64)}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${uid.replaceAll('-', '_')}.slice/cri-containerd-${id}.scope`,
      `containerd 0123456789ab, pod ${uid} (guaranteed)`,
    ],
    [
      `/docker/${'f'.repeat(64)}/kubelet/kubepods/besteffort/pod${uid}/${id}`,
      `kubernetes 0123456789ab, pod ${uid} (besteffort)`,
    ],
    // k3d, minikube: a node in a container, without that slice.
    [
      `/docker/${'f'.repeat(64)}/kubepods/burstable/pod${uid}/${id}`,
      `kubernetes 0123456789ab, pod ${uid} (burstable)`,
    ],
    [
      `/docker/${'f'.repeat(64)}/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${uid.replaceAll('-', '_')}.slice/crio-${id}.scope`,
      `cri-o 0123456789ab, pod ${uid} (besteffort)`,
    ],
    // A static pod’s uid is a hash. What is beside the pods’ containers on such a node is in the node’s.
    [
      `/kubepods/burstable/pod${'0a'.repeat(16)}/${id}`,
      `kubernetes 0123456789ab, pod ${'0a'.repeat(16)} (burstable)`,
    ],
    [`/docker/${id}/kubelet.slice/kubelet.service`, 'docker 0123456789ab'],
    // Containers in containers: the innermost.
    [`/docker/${'f'.repeat(64)}/lxc.payload.web/init.scope`, 'lxc web'],
    [`/machine.slice/libpod-${'f'.repeat(64)}.scope/container/docker/${id}`, 'docker 0123456789ab'],
    [`/docker/${'f'.repeat(64)}/docker/${id}`, 'docker 0123456789ab'],
    [`/lxc.payload.web-1/system.slice/docker-${id}.scope`, 'docker 0123456789ab'],
    ['/lxc.payload.web-1/init.scope', 'lxc web-1'],
    ['/lxc/web_1/user.slice', 'lxc web_1'],
    ['/machine.slice/systemd-nspawn@web.service/payload', 'systemd-nspawn web'],
    ['/machine.slice/machine-web\\x2d1.scope', 'systemd-nspawn web-1'],
    ['/machine.slice/machine-lxc\\x2d12\\x2dweb.scope/libvirt', 'libvirt web'],
    ['/machine.slice/machine-qemu\\x2d1\\x2dweb.scope', undefined],
    // Beside the container: what watches it.
    [`/machine.slice/libpod-conmon-${id}.scope`, undefined],
    ['/lxc.monitor.web-1', undefined],
    ['/system.slice/docker.service', undefined],
    ['/user.slice/user-0.slice/session-1.scope', undefined],
    ['/docker/short', undefined],
    ['/', undefined],
  ])('%s', (path, expected) => {
    expect(containerOf(parseCgroup(`0::${path}\n`).rows)).toBe(expected);
  });

  it('reads version 1, where a controller alone may tell', () => {
    const { rows } = parseCgroup(`4:memory:/docker/${id}\n1:name=systemd:/\n0::/\n`);
    expect(containerOf(rows)).toBe('docker 0123456789ab');
  });

  it.each([
    ['/system.slice/nginx.service', true],
    ['/user.slice/user-1000.slice/user@1000.service/app.slice/app.scope', true],
    ['/user.slice/user-0.slice/session-1.scope', false],
    ['/nginx.service', false],
  ])('the group of a service: %s', (path, expected) => {
    expect(isService(parseCgroup(`0::${path}\n`).rows)).toBe(expected);
  });
});
