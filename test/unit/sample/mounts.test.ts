import { describe, expect, it } from 'vitest';
import { parseMountinfo } from '../../../src/procfs/mountinfo';
import { MountTable } from '../../../src/sample/mounts';

const TABLE = new MountTable(
  parseMountinfo(`27 1 254:0 / / rw - ext4 /dev/vda rw
45 27 0:39 / /mnt/a rw - fuse.sshfs host:/data rw
46 27 7:0 / /mnt/a/b rw - ext4 /dev/loop0 rw
47 27 7:1 / /mnt/a/b rw - xfs /dev/loop1 rw
`).rows,
);

describe('the mount of a file', () => {
  it('is the one its descriptor names, whatever its path looks like', () => {
    expect(TABLE.find(45, '/elsewhere/renamed')?.fsType).toBe('fuse.sshfs');
  });

  it('is the deepest mount point above its path otherwise', () => {
    expect(TABLE.find(undefined, '/mnt/a/file')?.source).toBe('host:/data');
    expect(TABLE.find(undefined, '/mnt/ab')?.fsType).toBe('ext4');
    expect(TABLE.find(999, '/mnt/a')?.mount).toBe('/mnt/a');
  });

  it('is one of the inspector’s where the process has no such mount, and unknown where neither has', () => {
    const own = parseMountinfo('90 1 0:50 / / rw - overlay overlay rw\n').rows;
    const inside = new MountTable(own, TABLE);
    expect(inside.find(90, '/mnt/a/file')?.fsType).toBe('overlay');
    expect(inside.find(45, '/mnt/a/file')?.source).toBe('host:/data');
    expect(inside.find(999, '/mnt/a/file')).toBeUndefined();
    expect(inside.find(undefined, '/mnt/a/file')?.fsType).toBe('overlay');
  });

  it('is the later of two mounts on one point', () => {
    expect(TABLE.find(undefined, '/mnt/a/b/c')?.source).toBe('/dev/loop1');
  });

  it('is unknown for what has no path', () => {
    expect(TABLE.find(undefined, undefined)).toBeUndefined();
    expect(TABLE.find(undefined, 'pipe:[1]')).toBeUndefined();
  });
});
