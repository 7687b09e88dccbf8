import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toReleaseByShell } from './releases';
import type { Running } from './victim';

/** Where cgroup version 2 is mounted: beside version 1, or alone. */
const MOUNTS = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'];

/** Lets a process read no more than so many times a second from a disk (MAJOR:MINOR), until the test has ended. */
export function limitReads(running: Running, pid: number, disk: string, perSecond: number): void {
  const blkio = '/sys/fs/cgroup/blkio';
  if (!existsSync(join(blkio, 'cgroup.procs')))
    running.skip('needs cgroup version 1 with blkio (mount -t cgroup -o blkio)');
  const directory = join(blkio, `inspect-limited-${pid}`);
  mkdirSync(directory);
  const undo = `echo '${disk} 0' > ${directory}/blkio.throttle.read_iops_device; for n in $(cat ${directory}/cgroup.procs); do echo $n > ${blkio}/cgroup.procs; done; rmdir ${directory}`;
  running.onTestFinished(toReleaseByShell(undo));
  writeFileSync(join(directory, 'blkio.throttle.read_iops_device'), `${disk} ${perSecond}`);
  writeFileSync(join(directory, 'cgroup.procs'), String(pid));
}

/** A cgroup of version 2 that is frozen, with a process in it; thawed and removed when the test has ended. */
export function frozenCgroup(running: Running, pid: number): string {
  const mount = MOUNTS.find(
    (at) => existsSync(join(at, 'cgroup.procs')) && existsSync(join(at, 'cgroup.controllers')),
  );
  if (mount === undefined) return running.skip('needs cgroup version 2 (mount -t cgroup2)');
  const name = `inspect-frozen-${pid}`;
  const directory = join(mount, name);
  mkdirSync(directory);
  const undo = `echo 0 > ${directory}/cgroup.freeze; for n in $(cat ${directory}/cgroup.procs); do echo $n > ${mount}/cgroup.procs; done; rmdir ${directory}`;
  running.onTestFinished(toReleaseByShell(undo));
  writeFileSync(join(directory, 'cgroup.procs'), String(pid));
  writeFileSync(join(directory, 'cgroup.freeze'), '1');
  return `/${name}`;
}
