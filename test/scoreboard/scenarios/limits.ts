import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { mountHangfs, silentDisk } from '../../real/support/mounts';
import { toReleaseByShell } from '../../real/support/releases';
import { startVictim } from '../../real/support/victim';
import { ownGroup, put } from '../cgroups';
import { type OnFuse, onFuse, ownFileSystem } from '../fileSystems';
import { installed, needsProgram } from '../programs';
import type { Scenario, Stage } from '../scenario';
import { ringVictim, standStill, waiting } from '../stand';

/** A setting of a block device’s queue, for as long as the scenario runs. */
function setQueue(
  stage: Stage,
  { device, goOn }: Pick<OnFuse, 'device' | 'goOn'>,
  name: string,
  value: number,
): void {
  const file = `/sys/block/${basename(device)}/queue/${name}`;
  const before = execFileSync('cat', [file], { encoding: 'utf8' }).trim();
  // The kernel waits for the requests in flight before it changes a queue.
  stage.onTestFinished(toReleaseByShell(`${goOn}; echo ${before} > ${file}`));
  writeFileSync(file, `${value}`);
}

const numberOf = (device: string): string => {
  const { rdev } = statSync(device);
  return `${rdev >> 8}:${rdev & 0xff}`;
};

/** Of what is written to the device the machine keeps only some hundred KiB in memory. */
function limitDirty(stage: Stage, device: string): void {
  const bdi = `/sys/class/bdi/${numberOf(device)}`;
  stage.onTestFinished(toReleaseByShell(`echo 0 > ${bdi}/strict_limit; echo 100 > ${bdi}/max_ratio`));
  writeFileSync(`${bdi}/max_ratio_fine`, '100');
  writeFileSync(`${bdi}/strict_limit`, '1');
}

const DISK = { needs: ['root', 'ioUring', 'fuse', 'loop', 'freeze'], severity: 'critical' } as const;

/** Limits of the block layer itself, on a disk that answers nothing. */
const QUEUES: readonly Scenario[] = [
  {
    name: 'full queue, direct reads',
    ...DISK,
    says: [/submitting thread/, /loop\d/, /queue is full/],
    stage: async (stage) => {
      const own = await onFuse(stage);
      setQueue(stage, own, 'nr_requests', 4);
      own.stop();
      return (await ringVictim(stage, ['file', own.file, 'read', '8', 'direct'], 1)).pid;
    },
  },
  {
    name: 'writeback throttle, fsync',
    ...DISK,
    severity: ['critical', 'warning'],
    says: [/fsync/, /loop\d/, /wbt/],
    stage: async (stage) => {
      const { device, server } = await silentDisk(stage);
      setQueue(stage, { device, goOn: `kill -USR2 ${server.pid}` }, 'wbt_lat_usec', 2000);
      return waiting(stage, ['file-sync-far', device], 1);
    },
  },
  {
    name: 'dirty limit, buffered writes',
    ...DISK,
    severity: ['critical', 'warning'],
    says: [/write/, /loop\d/, /written data/],
    stage: async (stage) => {
      const { device } = await silentDisk(stage);
      limitDirty(stage, device);
      return waiting(stage, ['file-fill', device]);
    },
  },
];

/** Starts a program as a process of the group from its first moment on. */
async function inGroup(
  stage: Stage,
  group: string,
  program: 'waits' | 'ring_victim',
  args: readonly string[],
): Promise<number> {
  const programs = mkdtempSync(join(tmpdir(), 'inspect-wrapped-'));
  stage.onTestFinished(toReleaseByShell(`rm -rf ${programs}`));
  chmodSync(programs, 0o755);
  const wrapper = `#!/bin/sh\necho $$ > ${group}/cgroup.procs\nexec ${stage.who.programs}/${program} "$@"\n`;
  writeFileSync(join(programs, program), wrapper, { mode: 0o755 });
  const victim = await startVictim(stage, { ...stage.who, programs }, program, args, { busy: true });
  await standStill();
  return victim.pid;
}

const HELD = {
  severity: 'warning',
  says: [/4 reads/, /I\/O limit of cgroup \/inspect-scoreboard/, /loop\d/],
} as const;

/** Reads of a disk whose limit lets through one byte a second, direct and through the page cache. */
function throttled(name: string, words: readonly string[]): Scenario {
  return {
    name: `I/O limit, ${name}`,
    needs: ['root', 'ioUring', 'loop', 'freeze'],
    ...HELD,
    // Which operation a worker carries, its stack tells root alone.
    ordinary: { ...HELD, says: [/4 (?:reads|operations)/, ...HELD.says.slice(1)] },
    stage: (stage) => {
      const { device, file } = ownFileSystem(stage, 'ext4');
      const limit = 'blkio.throttle.read_bps_device';
      const group = ownGroup(stage, 'blkio', { [limit]: `${numberOf(device)} 0` });
      put(group, limit, `${numberOf(device)} 1`);
      const { uid = 0, gid = uid } = stage.who;
      chownSync(join(group, 'cgroup.procs'), uid, gid);
      return inGroup(stage, group, 'ring_victim', ['file', file, 'read', '4', ...words]);
    },
  };
}

const IO: readonly Scenario[] = [
  throttled('direct reads', ['direct']),
  throttled('buffered reads', []),
  throttled('buffered reads in workers', ['async']),
  {
    name: 'I/O limit of a disk below',
    needs: ['root', 'ioUring', 'loop', 'freeze'],
    ...HELD,
    stage: (stage) => {
      const lower = ownFileSystem(stage, 'ext4');
      const limit = 'blkio.throttle.read_bps_device';
      const group = ownGroup(stage, 'blkio', { [limit]: `${numberOf(lower.device)} 0` });
      put(group, limit, `${numberOf(lower.device)} 1`);
      const attach = ['-f', '--show', '--direct-io=on', lower.file];
      const device = execFileSync('losetup', attach, { encoding: 'utf8' }).trim();
      stage.onTestFinished(
        toReleaseByShell(`echo '${numberOf(lower.device)} 0' > ${group}/${limit}; losetup -d ${device}`),
      );
      return inGroup(stage, group, 'ring_victim', ['file', device, 'read', '4', 'direct']);
    },
  },
];

const MEMORY: readonly Scenario[] = [
  {
    name: 'memory limit, out-of-memory killer off',
    needs: ['root'],
    severity: 'critical',
    says: [/memory/, /cgroup \/inspect-scoreboard/, /16 MiB/],
    stage: (stage) => {
      const group = ownGroup(stage, 'memory', { 'memory.oom_control': '0' });
      put(group, 'memory.limit_in_bytes', 16 << 20);
      put(group, 'memory.oom_control', 1);
      return inGroup(stage, group, 'waits', ['memory']);
    },
  },
  {
    name: 'memory.high',
    needs: ['root'],
    severity: 'warning',
    says: [/memory\.high/, /cgroup \/inspect-scoreboard/, /16 MiB/],
    stage: (stage) => {
      const group = ownGroup(stage, 'cgroup2');
      if (!existsSync(join(group, 'memory.high')))
        stage.skip('needs the memory controller in cgroup version 2');
      put(group, 'memory.high', 16 << 20);
      return inGroup(stage, group, 'waits', ['memory']);
    },
  },
];

const TASKS: readonly Scenario[] = [
  {
    name: 'task limit, no more workers',
    needs: ['root', 'ioUring', 'fuse'],
    severity: 'critical',
    says: [/2 reads/, /FUSE server/, /6 more/, /pids\.max/, /inspect-scoreboard/],
    stage: async (stage) => {
      const { directory } = await mountHangfs(stage);
      const group = ownGroup(stage, 'pids');
      put(group, 'pids.max', 3);
      return inGroup(stage, group, 'ring_victim', ['file', `${directory}/hang-data`, 'read', '8']);
    },
  },
];

const WELL = {
  needs: ['root', 'ioUring', 'loop', 'freeze'],
  severity: 'info',
  says: [/./],
  healthy: true,
} as const;

/** fio, whose reads a limit lets through at two hundred a second. */
function limitedFio(name: string, words: readonly string[]): Scenario {
  return {
    name: `healthy ${name} within an I/O limit`,
    ...WELL,
    stage: (stage) => {
      needsProgram(stage, 'fio');
      const { device, directory } = ownFileSystem(stage, 'ext4');
      const limit = 'blkio.throttle.read_iops_device';
      const group = ownGroup(stage, 'blkio', { [limit]: `${numberOf(device)} 0` });
      put(group, limit, `${numberOf(device)} 200`);
      const job = '--name=j --size=8m --rw=randread --time_based --runtime=40 --thread';
      const command = `echo $$ > ${group}/cgroup.procs; exec fio --directory=${directory} ${job} ${words.join(' ')}`;
      return installed(stage, 'sh', ['-c', command], 4);
    },
  };
}

const HEALTHY: readonly Scenario[] = [
  limitedFio('direct reads', ['--ioengine=io_uring', '--direct=1', '--iodepth=16']),
  limitedFio('reads with psync', ['--ioengine=psync', '--direct=1']),
  limitedFio('Linux AIO', ['--ioengine=libaio', '--direct=1', '--iodepth=16']),
  {
    name: 'healthy writer slowed down by a dirty limit',
    ...WELL,
    stage: (stage) => {
      const { device, file } = ownFileSystem(stage, 'ext4');
      limitDirty(stage, device);
      return waiting(stage, ['file-fill', file]);
    },
  },
];

export const LIMITS: readonly Scenario[] = [...QUEUES, ...IO, ...MEMORY, ...TASKS, ...HEALTHY];
