import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toReleaseByShell } from '../real/support/releases';
import type { Stage } from './scenario';

let made = 0;

/** Where a hierarchy is mounted: that of a version 1 controller, or 'cgroup2'. Skips where it is not. */
function hierarchy(stage: Stage, name: string): string {
  for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
    const [, at = '', type, options = ''] = line.split(' ');
    if (type === 'cgroup2' ? name === 'cgroup2' : type === 'cgroup' && options.split(',').includes(name))
      return at;
  }
  return stage.skip(`needs the cgroup hierarchy ${name} mounted`);
}

/** A group of its own; `undo` is written to its files before it goes. */
export function ownGroup(stage: Stage, name: string, undo: Readonly<Record<string, string>> = {}): string {
  const root = hierarchy(stage, name);
  const group = join(root, `inspect-scoreboard-${process.pid}-${made++}`);
  mkdirSync(group);
  const commands = [
    ...Object.entries(undo).map(([file, text]) => `echo '${text}' > ${join(group, file)}`),
    `for pid in $(cat ${group}/cgroup.procs); do echo $pid > ${root}/cgroup.procs; done`,
    // A process that has been killed leaves its group only when its I/O is back.
    `for try in $(seq 25); do rmdir ${group}; [ -d ${group} ] || break; sleep 0.2; done`,
  ];
  stage.onTestFinished(toReleaseByShell(commands.join('; ')));
  return group;
}

export function put(group: string, file: string, text: string | number): void {
  writeFileSync(join(group, file), `${text}`);
}
