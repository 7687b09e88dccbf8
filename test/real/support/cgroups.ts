import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toReleaseByShell } from './releases';
import type { Running } from './victim';

/** Where cgroup version 2 is mounted: beside version 1, or alone. */
const MOUNTS = ['/sys/fs/cgroup/unified', '/sys/fs/cgroup'];

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
