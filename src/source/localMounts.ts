import type { MountinfoRow } from '../procfs/mountinfo';

/** File systems of the host's own: what others serve may never answer. */
const LOCAL = new Set([
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'f2fs',
  'overlay',
  'tmpfs',
  'ramfs',
  'rootfs',
  'squashfs',
  'erofs',
  'zfs',
  'bcachefs',
  'vfat',
  'iso9660',
  'jfs',
  'reiserfs',
  'nilfs2',
  'ubifs',
]);

/**
 * A FUSE server's. Opening a file there takes from memory what processes have of it (fuse_open drops the cache, measured on
 * 6.18), and each that runs it waits for the server then.
 */
export const isFuse = ({ fsType }: MountinfoRow): boolean => /^(fuse|fuseblk|virtiofs)(\.|$)/.test(fsType);

export const isOfThisHost = ({ fsType }: MountinfoRow): boolean => LOCAL.has(fsType);
