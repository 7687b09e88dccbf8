import type { Machine } from './machine';
import { must } from './mounts';
import type { Testing } from './victim';

/** Where the machine's own NFS server is mounted on the machine. */
export const NFS = '/mnt/nfs';

/** Seconds; the least that the server takes. It opens no file before they are over. */
const GRACE = 10;

/** Longer than the machines of these tests live. Seconds since 1970. */
const NEVER = 9_999_999_999;

/**
 * The kernel's own NFS server, NFS 4 alone, of one folder in memory. What rpc.mountd would answer to its upcalls is told
 * beforehand (fs/nfsd/export.c): who is who, what is exported (15392 = writable, root is root, fsid 0), where fsid 0 is.
 */
const SERVER = [
  'ip link set lo up',
  'for module in nfsd nfsv4; do modprobe $module; done',
  `mkdir -p /srv/export ${NFS}`,
  'mount -t tmpfs export /srv/export',
  'for file in a b c d e f g; do dd if=/dev/zero of=/srv/export/$file bs=1M count=1; done',
  'mount -t nfsd nfsd /proc/fs/nfsd',
  `echo "nfsd 127.0.0.1 ${NEVER} all" >/proc/net/rpc/auth.unix.ip/channel`,
  `echo "all /srv/export ${NEVER} 15392 0 0 0" >/proc/net/rpc/nfsd.export/channel`,
  `echo "all 1 \\\\x00000000 ${NEVER} /srv/export" >/proc/net/rpc/nfsd.fh/channel`,
  'echo "-2 -3 +4 +4.1 +4.2" >/proc/fs/nfsd/versions || echo "-3 +4 +4.1 +4.2" >/proc/fs/nfsd/versions',
  `echo ${GRACE} >/proc/fs/nfsd/nfsv4leasetime`,
  `echo ${GRACE} >/proc/fs/nfsd/nfsv4gracetime`,
  'echo "tcp 2049" >/proc/fs/nfsd/portlist',
  'echo 4 >/proc/fs/nfsd/threads',
];

export async function startNfsServer(machine: Machine): Promise<void> {
  await must(machine, SERVER.join(' && '));
}

/** Mounts the server of a machine where it runs, until the test ends; one test after the other. */
export async function mountNfs(running: Testing, machine: Machine): Promise<void> {
  const options = 'addr=127.0.0.1,clientaddr=127.0.0.1,vers=4.1,proto=tcp,timeo=600,retrans=2,hard';
  await must(machine, `mount -t nfs4 -o ${options} 127.0.0.1:/ ${NFS}`);
  running.onTestFinished(() => must(machine, `umount ${NFS} || umount -l ${NFS}`));
  // Opened as soon as the server's time of grace is over.
  await must(machine, `cat ${NFS}/a >/dev/null`);
}

/** The server is not heard any more until the test ends: nothing refuses, nothing answers. */
export async function silenceNfs(running: Testing, machine: Machine): Promise<void> {
  // Before the mount is given back what waits must have been answered.
  running.onTestFinished(() => must(machine, 'ip link set lo up; sleep 2'));
  await must(machine, 'ip link set lo down');
}
