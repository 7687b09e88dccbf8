import { describe, expect, it } from 'vitest';
import { cgroupLine, cgroupSentence } from '../../../src/explain/cgroups';
import { culpritOf, diskLine, diskOf, diskSentence, standsOn } from '../../../src/explain/disks';
import type { BlockDevice } from '../../../src/model/sample';
import { fileOf, sampleOf } from '../samples';

const LOOP: BlockDevice = {
  name: 'loop0',
  inFlightReads: 8,
  finished: 0,
  backingFile: '/mnt/hang/disk.img',
  backing: {
    mount: '/mnt/hang',
    fsType: 'fuse.sshfs',
    holder: { pid: 812, name: 'sshfs' },
    waiting: 1,
  },
};
const DM: BlockDevice = {
  name: 'dm-1',
  mapperName: 'vg-data',
  mapperKind: 'LVM',
  members: ['sda'],
  inFlightWrites: 1,
};
const SDA: BlockDevice = {
  name: 'sda',
  partitions: ['sda2'],
  vendor: 'ATA',
  model: 'Spinner',
  state: 'running',
};

describe('the disk of a file', () => {
  it('is the one whose partition it is on, not one of a like name', () => {
    const devices = [{ name: 'sd' }, { name: 'sda', partitions: ['sdab1'] }, { name: 'sdab' }];
    const named = (blockDevice: string) =>
      diskOf(sampleOf({ devices }), fileOf(3, '/f', { blockDevice }))?.name;
    expect(named('sdab1')).toBe('sda');
    expect(named('sdab')).toBe('sdab');
  });

  it('is told by its name, too, where no partitions are listed', () => {
    const devices = [{ name: 'dm-1' }, { name: 'nvme0n1' }, { name: 'sda' }];
    const named = (blockDevice: string) =>
      diskOf(sampleOf({ devices }), fileOf(3, '/f', { blockDevice }))?.name;
    expect([named('nvme0n1p2'), named('sda2'), named('dm-10'), named('nvme0n12')]).toEqual([
      'nvme0n1',
      'sda',
      undefined,
      undefined,
    ]);
  });

  it('stands on all that is below it, each once, even where they claim a circle', () => {
    const a = { name: 'dm-1', members: ['dm-2', 'sda'] };
    const b = { name: 'dm-2', members: ['dm-1', 'sda', 'absent'] };
    expect(standsOn([a, b, SDA], a).map(({ name }) => name)).toEqual(['dm-2', 'sda']);
  });
});

describe('what is said of a disk', () => {
  it('names the file below it and its server, and whether it moves', () => {
    expect(diskLine(LOOP)).toBe(
      'disk loop0 over /mnt/hang/disk.img (fuse.sshfs, served by sshfs (812), 1 unanswered request): ' +
        '8 in flight, none finished since the look before',
    );
    expect(diskSentence(LOOP, sampleOf(), 2)).toMatch(
      /8 requests in flight and has finished none in the last 2 s/,
    );
    expect(diskLine({ ...LOOP, finished: 3 })).toMatch(/3 requests finished/);
  });

  it('names below it only what has requests or is not well', () => {
    const well = sampleOf({ devices: [DM, SDA] });
    expect(diskSentence(DM, well)).toBe('The disk dm-1, an LVM volume (vg-data), has 1 request in flight.');
    const ill = sampleOf({ devices: [DM, { ...SDA, state: 'offline' }] });
    expect(diskSentence(DM, ill)).toMatch(/It stands on sda, model ATA Spinner, which .* and is offline\./);
  });
});

describe('who must act for a disk', () => {
  it('is the server of the file it is over', () => {
    const culprit = culpritOf(sampleOf({ devices: [LOOP] }), LOOP);
    expect(culprit?.text).toContain('sshfs (812)');
    expect(culprit?.remedy).toContain('/mnt/hang');
  });

  it('is not a server that owes nothing, nor a disk that is well', () => {
    const answered = { ...LOOP, backing: { ...LOOP.backing, waiting: 0 } };
    expect(culpritOf(sampleOf({ devices: [answered] }), answered)).toBeUndefined();
    expect(culpritOf(sampleOf({ devices: [DM, SDA] }), DM)).toBeUndefined();
  });

  it.each([
    ['a disk that is offline', { state: 'offline' }, /sda, which is offline/],
    ['a disk that was pulled', { gone: true }, /removed from the machine/],
    ['a suspended device', { suspended: true, mapperName: 'lower' }, /suspended/],
    ['a RAID without a disk', { raid: { degraded: 1, state: 'clean' } }, /1 disk missing/],
  ])('is %s below it', (_, facts, words) => {
    expect(culpritOf(sampleOf({ devices: [DM, { ...SDA, ...facts }] }), DM)?.text).toMatch(words);
  });

  it('is not a RAID that checks itself or an NVMe controller that is live', () => {
    const lower = { ...SDA, state: 'live', raid: { level: 'raid1', state: 'active', action: 'check' } };
    expect(culpritOf(sampleOf({ devices: [DM, lower] }), DM)).toBeUndefined();
  });
});

describe('what is said of a cgroup', () => {
  const cgroup = {
    path: '/a/b',
    frozenBy: '/a',
    limits: [{ path: '/a', file: 'io.max', limit: '254:0 riops=1' }],
  };

  it('is its limit where the process waits for a disk or a throttle', () => {
    const limit = 'Its cgroup /a allows it 254:0 riops=1 (io.max).';
    expect(cgroupSentence(sampleOf({ cgroup }), 'throttled')).toBe(limit);
    expect(cgroupSentence(sampleOf({ cgroup }), 'device')).toBe(limit);
    expect(cgroupSentence(sampleOf({ cgroup }), 'fuse')).toBe('');
    expect(cgroupLine(cgroup)).toBe('cgroup /a/b: frozen by /a, io.max 254:0 riops=1 of /a');
  });

  it('is nothing where it holds nothing back', () => {
    expect(cgroupLine({ path: '/a', limits: [] })).toBe('');
    expect(cgroupSentence(sampleOf(), 'throttled')).toBe('');
  });
});
