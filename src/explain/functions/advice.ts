/** What to do about a kind of resource, said by many entries. */

export const FUSE_ADVICE =
  'Look at the FUSE server process: is it alive, and what does it wait for? If it cannot be revived, abort the connection: echo 1 > /sys/fs/fuse/connections/N/abort';
export const HOST_ADVICE =
  'Look at virtiofsd on the host: is it alive, and what does it wait for? Until it answers only umount -f of the mount frees what waits.';
export const NFS_ADVICE =
  'Check that the server answers on the network (mount options and RPC counters: nfsstat -m, /proc/self/mountstats). A hard mount waits for ever; umount -f or the server’s return ends it.';
export const DISK_ADVICE =
  'Look at the device: kernel log, /sys/block/DEV/inflight and state; a path, loop file or server behind it may be gone.';
export const LOCK_ADVICE = 'Find who holds it: see /proc/locks and the other tasks of this list.';
export const PEER_ADVICE = 'Nothing in the kernel is wrong: look at the program at the other end.';
export const NORMAL = 'A normal wait.';
