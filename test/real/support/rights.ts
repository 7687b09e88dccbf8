import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** What a test needs of the machine; each answers the reason why it is missing, or undefined. */
type Need = () => string | undefined;

function hasCommand(name: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${name}`], { stdio: 'ignore' }).status === 0;
}

const isRoot = (): boolean => process.getuid?.() === 0;

/** Runs a harmless command and takes its exit code as the answer. */
function works(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 10_000 }).status === 0;
}

/** Whether the running kernel is at least `major.minor`. */
function since(major: number, minor: number): boolean {
  const [is = 0, its = 0] = readFileSync('/proc/sys/kernel/osrelease', 'utf8').split('.').map(Number);
  return is > major || (is === major && its >= minor);
}

function engine(program: string, packaged: string): string | undefined {
  if (!isRoot()) return 'needs root to make a container';
  if (!hasCommand(program)) return `needs ${program} (apt-get install ${packaged})`;
  return hasCommand('busybox') ? undefined : 'needs busybox (apt-get install busybox-static)';
}

export const needs = {
  root: () => (isRoot() ? undefined : 'needs root'),
  ordinaryUser: () => {
    if (!isRoot()) return undefined;
    return hasCommand('useradd') ? undefined : 'needs useradd to become an ordinary user';
  },
  ioUring: () => {
    try {
      const value = readFileSync('/proc/sys/kernel/io_uring_disabled', 'utf8').trim();
      if (value === '2') return 'needs io_uring: kernel.io_uring_disabled is 2';
      if (value === '1' && !isRoot())
        return 'needs io_uring for ordinary users: kernel.io_uring_disabled is 1';
    } catch {
      // Kernels before 6.6 have no such switch.
    }
    return undefined;
  },
  fuse: () => {
    if (!isRoot()) return 'needs root to mount a FUSE file system';
    return existsSync('/dev/fuse') ? undefined : 'needs /dev/fuse (modprobe fuse)';
  },
  loop: () => {
    if (!isRoot()) return 'needs root to set up a loop device';
    if (!hasCommand('losetup')) return 'needs losetup (apt-get install mount)';
    return works('losetup', ['-f']) ? undefined : 'needs a free loop device (modprobe loop)';
  },
  freeze: () => {
    if (!hasCommand('mkfs.ext4')) return 'needs mkfs.ext4 (apt-get install e2fsprogs)';
    return hasCommand('fsfreeze') ? undefined : 'needs fsfreeze (apt-get install util-linux)';
  },
  containers: () => {
    if (!isRoot()) return 'needs root to make a container';
    if (!hasCommand('crun')) return 'needs crun (apt-get install crun)';
    return hasCommand('busybox') ? undefined : 'needs busybox (apt-get install busybox-static)';
  },
  podman: () => engine('podman', 'podman'),
  docker: () =>
    engine('dockerd', 'docker.io') ??
    (hasCommand('docker') ? undefined : 'needs docker’s client (apt-get install docker.io)'),
  lxc: () => engine('lxc-start', 'lxc'),
  nspawn: () => engine('systemd-nspawn', 'systemd-container'),
  userNamespaces: () => {
    const args = ['--user', '--map-root-user', '--pid', '--fork', '--mount-proc', 'true'];
    return works('unshare', args) ? undefined : 'needs user namespaces, for unshare';
  },
  kernelMemory: () => {
    if (!isRoot()) return "needs root to read the kernel's memory";
    if (!since(5, 14)) return "needs Linux 5.14 to read the kernel's memory";
    return existsSync('/sys/kernel/btf/vmlinux') ? undefined : 'needs a kernel with BTF';
  },
  ssh: () => (hasCommand('ssh') ? undefined : 'needs ssh (apt-get install openssh-client)'),
  netcat: () => (hasCommand('nc') ? undefined : 'needs nc (apt-get install netcat-openbsd)'),
  sshd: () => {
    if (!isRoot()) return 'needs root to start an SSH server for other users';
    return existsSync('/usr/sbin/sshd') ? undefined : 'needs sshd (apt-get install openssh-server)';
  },
  pidfs: () => (since(6, 9) ? undefined : 'needs Linux 6.9: pidfds lead elsewhere before'),
} satisfies Record<string, Need>;

export type NeedName = keyof typeof needs;

interface Skippable {
  skip(note: string): never;
}

/** Skips the running test by the first reason that holds. */
export function skipUnless(context: Skippable, ...names: readonly NeedName[]): void {
  for (const name of names) {
    const reason = needs[name]();
    if (reason !== undefined) context.skip(reason);
  }
}
