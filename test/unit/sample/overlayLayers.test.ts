import { describe, expect, it } from 'vitest';
import { parseMountinfo } from '../../../src/procfs/mountinfo';
import { MountTable } from '../../../src/sample/mounts';
import { findLayers, layerFiles } from '../../../src/sample/overlayLayers';
import { fileOf } from '../samples';

const { rows } = parseMountinfo(
  [
    '22 1 254:0 / / rw - ext4 /dev/vda rw',
    '40 22 0:45 / /mnt/low rw - fuse.sshfs host:/data rw',
    '41 22 0:50 / /srv/app rw - overlay overlay rw,lowerdir=/mnt/low/x:/mnt/low/y:/lib,upperdir=/var/up,workdir=/var/work',
  ].join('\n'),
);
const reader = async () => new MountTable(rows);
const outside = async () => false;
const file = fileOf(6, '/srv/app/db', { mount: '/srv/app', fsType: 'overlay', device: '0:50' });

describe('the layers of an overlay', () => {
  it('are looked for as files, one for each file system, and put to the files on it', async () => {
    const { files, fold } = await findLayers([file], rows, reader, outside);
    expect(files.map(({ path, device }) => `${path} ${device}`)).toEqual([
      '/var/up 254:0',
      '/mnt/low/x 0:45',
    ]);
    const holder = { pid: 812, name: 'sshfs' };
    const found = files.map((one) => (one.device === '0:45' ? { ...one, holder, waiting: 2 } : one));
    const resources = fold([file, fileOf(7, '/etc/x'), ...found]);
    expect(resources.map(({ fd }) => fd)).toEqual([6, 7]);
    expect(resources[0]?.layers).toMatchObject([
      { directory: '/var/up', upper: true, fsType: 'ext4' },
      { directory: '/mnt/low/x', fsType: 'fuse.sshfs', holder, waiting: 2 },
    ]);
    expect(resources[1]?.layers).toBeUndefined();
    expect(layerFiles(resources).map(({ fd, path }) => [fd, path])).toEqual(
      files.map(({ fd, path }) => [fd, path]),
    );
  });

  it('are not looked for among the mounts of a container whose own root they are below', async () => {
    const contained = parseMountinfo(
      [
        '41 22 0:50 / / rw - overlay overlay rw,lowerdir=/var/lib/engine/low,upperdir=/var/lib/engine/up,workdir=/w',
        '42 41 0:60 / /var rw - tmpfs tmpfs rw',
      ].join('\n'),
    ).rows;
    const seen = async () => new MountTable(contained);
    const directories = async (inside: boolean) => {
      const { files } = await findLayers([file], contained, seen, async () => inside);
      return files.map(({ path }) => path);
    };
    expect(await directories(true)).toEqual([]);
    expect(await directories(false)).toEqual(['/var/lib/engine/up']);
  });

  it('cost nothing where there is no overlay', async () => {
    const never = () => Promise.reject(new Error('asked'));
    const { files, fold } = await findLayers([fileOf(7, '/etc/x')], rows, never, never);
    expect([files, fold([fileOf(7, '/etc/x')])]).toEqual([[], [fileOf(7, '/etc/x')]]);
  });

  it('that lie on the overlay itself, as a container sees them, are none', async () => {
    const inside = rows.map((row) => (row.fsType === 'overlay' ? { ...row, mountPoint: '/' } : row)).slice(2);
    const { files } = await findLayers([file], inside, async () => new MountTable(inside), outside);
    expect(files).toEqual([]);
  });
});
