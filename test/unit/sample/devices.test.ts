import { describe, expect, it } from 'vitest';
import type { Resource } from '../../../src/model/sample';
import { parseMountinfo } from '../../../src/procfs/mountinfo';
import { countAgain } from '../../../src/sample/deviceFacts';
import { readDevices } from '../../../src/sample/devices';
import { MountTable } from '../../../src/sample/mounts';
import { fileOf } from '../samples';
import { fakeTarget, type Tree } from './fakeTarget';

const MOUNTS = new MountTable(
  parseMountinfo(`27 1 8:2 / / rw - ext4 /dev/sda2 rw
45 27 0:39 / /mnt/hang rw - fuse.sshfs host:/data rw
46 27 253:1 / /mnt/lv rw - xfs /dev/mapper/vg-data rw
`).rows,
);
const STAT = (reads: number) => `${reads} 0 0 0 2 0 0 0 3 0 0 0 0 0 0 0 0\n`;

/** A disk of /sys/block with what is given besides. */
function disk(name: string, number: string, files: Tree = {}): Tree {
  const all: Tree = { dev: `${number}\n`, stat: STAT(10), inflight: '       3        1\n', ...files };
  const own = Object.entries(all).map(([file, text]) => [`/sys/block/${name}/${file}`, text]);
  return {
    ...Object.fromEntries(own),
    [`/sys/dev/block/${number}`]: `../../devices/virtual/block/${name}`,
    [`/sys/class/block/${name}`]: `../../devices/virtual/block/${name}`,
  };
}

const SDA: Tree = {
  ...disk('sda', '8:0', {
    'device/state': 'offline\n',
    'device/vendor': 'ATA     \n',
    'device/model': 'Spinner 9\n',
    'queue/rotational': '1\n',
    'queue/scheduler': 'none [mq-deadline] kyber\n',
    size: '2048\n',
    ro: '0\n',
  }),
  '/sys/class/block/sda2': '../../devices/pci0000:00/ata1/host0/block/sda/sda2',
  '/sys/dev/block/8:2': '../../devices/pci0000:00/ata1/host0/block/sda/sda2',
};

function read(tree: Tree, ...resources: Resource[]) {
  const asked = { before: [], mounts: async () => MOUNTS };
  return readDevices(fakeTarget(tree), resources, asked);
}

describe('the devices behind a file', () => {
  it('follow a volume through its RAID to the disk of a partition, each with what it says of itself', async () => {
    const tree = {
      ...SDA,
      ...disk('dm-1', '253:1', {
        'dm/name': 'vg-data\n',
        'dm/uuid': 'LVM-abcdef\n',
        'dm/suspended': '1\n',
        'slaves/md0': '',
      }),
      ...disk('md0', '9:0', {
        'md/level': 'raid1\n',
        'md/array_state': 'clean\n',
        'md/degraded': '1\n',
        'md/sync_action': 'recover\n',
        'slaves/sda2': '',
      }),
    };
    const { resources, devices } = await read(tree, fileOf(5, '/mnt/lv/f', { device: '253:1' }));
    expect(resources[0]?.blockDevice).toBe('dm-1');
    expect(devices).toMatchObject([
      { name: 'dm-1', members: ['md0'], mapperName: 'vg-data', mapperKind: 'LVM', suspended: true },
      { name: 'md0', members: ['sda'], raid: { level: 'raid1', degraded: 1, action: 'recover' } },
      {
        name: 'sda',
        partitions: ['sda2'],
        state: 'offline',
        vendor: 'ATA',
        model: 'Spinner 9',
        rotational: true,
        scheduler: 'mq-deadline',
        size: 1_048_576,
        inFlightReads: 3,
        inFlightWrites: 1,
        completed: 12,
      },
    ]);
  });

  it('go on below the file of a loop device, whatever file system that is on', async () => {
    const tree = {
      ...SDA,
      ...disk('loop0', '7:0', { 'loop/backing_file': '/srv/a b.img\n' }),
      ...disk('loop1', '7:1', { 'loop/backing_file': '/mnt/hang/x.img (deleted)\n' }),
    };
    const files = [fileOf(5, '/a/f', { device: '7:0' }), fileOf(6, '/b/f', { device: '7:1' })];
    const { devices } = await read(tree, ...files);
    expect(devices).toMatchObject([
      { name: 'loop0', backingFile: '/srv/a b.img', backing: { fsType: 'ext4', blockDevice: 'sda2' } },
      {
        name: 'loop1',
        backing: { fsType: 'fuse.sshfs', mount: '/mnt/hang', source: 'host:/data', deleted: true },
      },
      { name: 'sda', partitions: ['sda2'] },
    ]);
    expect(devices[1]?.backing?.blockDevice).toBeUndefined();
  });

  it('end where they go in a circle', async () => {
    const tree = {
      ...disk('dm-1', '253:1', { 'slaves/dm-2': '' }),
      ...disk('dm-2', '253:2', { 'slaves/dm-1': '' }),
    };
    const { devices } = await read(tree, fileOf(5, '/mnt/lv/f', { device: '253:1' }));
    expect(devices.map(({ name, members }) => [name, members])).toEqual([
      ['dm-1', ['dm-2']],
      ['dm-2', ['dm-1']],
    ]);
  });

  it('end after so many levels of devices on devices', async () => {
    const tower = Array.from({ length: 40 }, (_, n) =>
      disk(`dm-${n}`, `253:${n}`, { [`slaves/dm-${n + 1}`]: '' }),
    );
    const { devices } = await read(Object.assign({}, ...tower), fileOf(5, '/f', { device: '253:0' }));
    expect(devices).toHaveLength(16);
  });

  it('are none where the machine has lost the device, and others stay', async () => {
    const tree = disk('dm-1', '253:1', { 'slaves/sdx': '' });
    const { devices } = await read(tree, fileOf(5, '/mnt/lv/f', { device: '253:1' }));
    expect(devices.map(({ name }) => name)).toEqual(['dm-1']);
  });
});

describe('a second look at the devices', () => {
  it('says how many requests have come back since, and which device is gone', async () => {
    const { devices } = await read(SDA, fileOf(5, '/f', { device: '8:2' }));
    const later = { ...SDA, '/sys/block/sda/stat': STAT(17), '/sys/block/sda/device/state': 'running\n' };
    const [moved] = await countAgain(fakeTarget(later), devices);
    expect(moved).toMatchObject({ completed: 19, finished: 7, state: 'running' });
    expect((await countAgain(fakeTarget(later), moved ? [moved] : []))[0]?.finished).toBe(0);
    const [gone] = await countAgain(fakeTarget({}), moved ? [moved] : []);
    expect(gone).toMatchObject({ name: 'sda', gone: true, completed: 19 });
    expect(gone?.finished).toBeUndefined();
  });
});
