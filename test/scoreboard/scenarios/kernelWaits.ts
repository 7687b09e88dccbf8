import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { mountHangfs, silentDisk } from '../../real/support/mounts';
import { toReleaseByShell } from '../../real/support/releases';
import { startVictim } from '../../real/support/victim';
import { type FileSystem, forget, freeze, type Mounted, onFuse, ownFileSystem } from '../fileSystems';
import { ownDirectory } from '../programs';
import type { Right, Scenario, Stage } from '../scenario';
import { standStill, waiting } from '../stand';

type Parts = Partial<Right> & { readonly inD?: number };

const wait = (stage: Stage, args: readonly string[], inD = 0): Promise<number> =>
  waiting(stage, args, inD, 'kernel_waits');

/** A wait in which a thread may be for ever with nothing wrong. */
function idle(name: string, says: RegExp): Scenario {
  const right: Right = { severity: 'info', says: [says] };
  return {
    name: `kernel ${name}`,
    needs: ['root'],
    healthy: true,
    ...right,
    stage: (stage) => wait(stage, [name]),
  };
}

const IDLE: readonly Scenario[] = [
  idle('netlink', /message from the kernel/),
  idle('packet', /packet from the network/),
  idle('vsock-accept', /vsock/),
  idle('unix-datagram', /unix socket/),
  idle('tunnel', /network tunnel/),
  idle('kernel-log', /message of the kernel/),
  idle('seccomp-supervisor', /processes that it supervises/),
  idle('vfork', /child that it started with vfork/),
  idle('priority-mutex', /mutex that thread \S+ \(\d+\) holds/),
];

/** A wait for another program, told with who must act. */
function peer(name: string, says: readonly RegExp[], parts: Partial<Scenario> = {}): Scenario {
  return {
    name: `kernel ${name}`,
    needs: ['root'],
    severity: 'info',
    says,
    stage: (stage) => wait(stage, [name]),
    ...parts,
  };
}

const PEERS: readonly Scenario[] = [
  peer('tcp-connect', [/TCP 127/, /listener/, /backlog/]),
  peer('seccomp', [/supervisor/, /seccomp/]),
  peer('automount', [/automounter/], { severity: 'critical' }),
];

/** A FUSE server that never answers; FUSE in `args` is its mount. */
function fuse(name: string, args: readonly string[], says: readonly RegExp[], parts: Parts = {}): Scenario {
  const { inD = 1, ...right } = parts;
  return {
    name: `kernel fuse ${name}`,
    needs: ['root', 'fuse'],
    severity: 'critical',
    says,
    ...right,
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      return wait(
        stage,
        args.map((word) => word.replace('FUSE', directory)),
        inD,
      );
    },
  };
}

/** What is written to a file whose server falls silent only then. */
function written(name: string, scene: string): Scenario {
  return {
    name: `kernel fuse ${name}`,
    needs: ['root', 'fuse'],
    severity: 'critical',
    says: [/FUSE server/, /disk1/],
    stage: async (stage) => {
      const { directory, server } = await mountHangfs(stage);
      const { pid } = await startVictim(stage, stage.who, 'kernel_waits', [scene, `${directory}/disk1`], {
        busy: true,
      });
      process.kill(server.pid, 'SIGUSR1');
      await standStill();
      await standStill();
      return pid;
    },
  };
}

const FUSE: readonly Scenario[] = [
  fuse('look-up', ['look', 'FUSE/lost'], [/FUSE server/], { inD: 0 }),
  fuse('two look-ups of one name', ['look-twice', 'FUSE/lost'], [/FUSE server/]),
  fuse('shared position', ['shared-position', 'FUSE/hang-data'], [/FUSE server/, /hang-data/], { inD: 2 }),
  fuse('exec beside a read', ['exec', 'FUSE/direct-data'], [/FUSE server|end/], {
    also: [/other threads to end/, /FUSE server/],
    inD: 2,
  }),
  fuse('end of a PID namespace', ['namespace-end', 'FUSE/direct-data'], [/first process of a container/], {
    inD: 0,
  }),
  fuse(
    'mmap beside a read of memory',
    ['map-beside', 'FUSE/hang-data'],
    [/page of memory that is mapped from a file/],
    {
      inD: 2,
    },
  ),
  fuse(
    'page fault beside a read of memory',
    ['fault-beside', 'FUSE/hang-data'],
    [/page of memory that is mapped from a file/],
    {
      inD: 3,
    },
  ),
  written('mapped write', 'sync-mapped'),
  written('truncate behind a write', 'truncate-written'),
  {
    name: 'kernel fuse overlay copy-up',
    needs: ['root', 'fuse'],
    severity: 'critical',
    says: [/overlayfs/],
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      const base = ownDirectory(stage);
      const at = (name: string) => join(base, name);
      for (const name of ['upper-disk', 'mnt']) mkdirSync(at(name));
      stage.onTestFinished(toReleaseByShell(`umount -l ${at('mnt')}; umount -l ${at('upper-disk')}`));
      execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', at('upper-disk')]);
      for (const name of ['upper', 'work']) mkdirSync(at(`upper-disk/${name}`));
      const layers = `lowerdir=${directory},upperdir=${at('upper-disk/upper')},workdir=${at('upper-disk/work')}`;
      execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, at('mnt')]);
      return wait(stage, ['open-to-write', at('mnt/hang-data')], 1);
    },
  },
  {
    name: 'kernel fuse read of a process whose memory hangs',
    needs: ['root', 'fuse'],
    severity: ['critical', 'info'],
    says: [/address space|process/],
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      const holder = await startVictim(
        stage,
        stage.who,
        'kernel_waits',
        ['map-beside', `${directory}/hang-data`],
        {
          busy: true,
        },
      );
      await standStill();
      return wait(stage, ['read-process', `/proc/${holder.pid}/cmdline`], 1);
    },
  },
];

/** A file system whose disk has fallen silent. OWN in `args` is its mount; `prepare` is what happens while the disk answers. */
function silent(
  type: FileSystem,
  name: string,
  args: readonly string[],
  says: readonly RegExp[],
  parts: Parts & { readonly prepare?: (own: Mounted, stage: Stage) => void } = {},
): Scenario {
  const { inD = 1, prepare = () => undefined, ...right } = parts;
  return {
    name: `kernel silent ${type} ${name}`,
    needs: ['root', 'fuse', 'loop'],
    severity: 'critical',
    says,
    ...right,
    stage: async (stage) => {
      const own = await onFuse(stage, type);
      prepare(own, stage);
      own.stop();
      return wait(
        stage,
        args.map((word) => word.replace('OWN', own.directory)),
        inD,
      );
    },
  };
}

/** At most one MiB may wait to be written to the disk. */
function throttleWriteback({ device }: Mounted, stage: Stage): void {
  const disk = `/sys/block/${basename(device)}/bdi`;
  stage.onTestFinished(toReleaseByShell(`echo 0 > ${disk}/strict_limit; echo 100 > ${disk}/max_ratio`));
  writeFileSync(join(disk, 'strict_limit'), '1');
  writeFileSync(join(disk, 'max_bytes'), String(1 << 20));
}

const SILENT: readonly Scenario[] = [
  ...(['ext4', 'xfs', 'btrfs'] as const).flatMap((type) => [
    silent(type, 'fsync of a directory', ['sync-name', 'OWN'], [/loop\d/]),
    silent(type, 'syncfs', ['sync-all', 'OWN/data'], [/loop\d/]),
    silent(type, 'changes behind a commit', ['change-behind', 'OWN'], [/loop\d/]),
  ]),
  ...(['ext4', 'xfs'] as const).flatMap((type) => [
    silent(type, 'truncate behind direct reads', ['truncate-behind', 'OWN/data'], [/loop\d/, /direct/]),
    silent(type, 'stat of what is not cached', ['look', 'OWN/data'], [/disk loop\d/], { prepare: forget }),
  ]),
  silent('btrfs', 'direct reads of what is not cached', ['truncate-behind', 'OWN/data'], [/loop\d/], {
    prepare: forget,
  }),
  silent('ext4', 'much written', ['write-much', 'OWN/data'], [/loop\d|slowed down/], {
    prepare: throttleWriteback,
    severity: ['critical', 'warning'],
  }),
  silent('xfs', 'more written than its queue takes', ['write-much', 'OWN/data'], [/loop\d/]),
  silent('ext4', 'direct write', ['write-direct', 'OWN/data'], [/loop\d/]),
];

/** A disk that answers nothing. */
function disk(name: string, args: readonly string[], says: readonly RegExp[], inD = 1): Scenario {
  return {
    name: `kernel disk ${name}`,
    needs: ['root', 'fuse', 'loop'],
    severity: 'critical',
    says,
    stage: async (stage) => {
      const { device } = await silentDisk(stage);
      return wait(
        stage,
        args.map((word) => word.replace('DISK', device)),
        inD,
      );
    },
  };
}

const DISKS: readonly Scenario[] = [
  disk('queue is full', ['aio-crowd', 'DISK'], [/queue is full/, /loop\d/]),
  disk('AIO context that goes', ['aio-destroy', 'DISK'], [/Linux AIO/]),
  disk('mount', ['mount', 'DISK'], [/disk loop\d/, /FUSE server/]),
  disk('mount beside another', ['mount-twice', 'DISK'], [/disk loop\d/, /FUSE server/], 2),
  disk('flush of its cache', ['flush-disk', 'DISK'], [/loop\d/]),
  disk('zeroing', ['zero-disk', 'DISK'], [/loop\d/]),
];

function frozen(type: FileSystem, name: string, args: readonly string[]): Scenario {
  return {
    name: `kernel frozen ${type} ${name}`,
    needs: ['root', 'loop', 'freeze'],
    severity: 'critical',
    says: [/frozen/],
    stage: (stage) => {
      const own = ownFileSystem(stage, type);
      freeze(own);
      return wait(
        stage,
        args.map((word) => word.replace('OWN', own.directory)),
        1,
      );
    },
  };
}

const FROZEN: readonly Scenario[] = [
  ...(['ext4', 'xfs', 'btrfs'] as const).map((type) =>
    frozen(type, 'write to a mapped page', ['write-mapped', 'OWN/data']),
  ),
  frozen('ext4', 'truncate', ['truncate', 'OWN/data']),
  frozen('ext4', 'core dump', ['core-dump', 'OWN']),
];

export const KERNEL_WAITS: readonly Scenario[] = [...IDLE, ...PEERS, ...FUSE, ...SILENT, ...DISKS, ...FROZEN];
