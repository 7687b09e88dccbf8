import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * The kernel's own word about the tasks of a process, read past the inspector so that tests can hold it
 * to the truth. Only /proc files that cannot hang are read.
 */
export interface TaskTruth {
  readonly tid: number;
  readonly comm: string;
  readonly state: string;
}

/** undefined when the task is gone. */
function taskTruth(pid: number, tid: number): TaskTruth | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/task/${tid}/stat`, 'latin1');
    const end = stat.lastIndexOf(')');
    return { tid, comm: stat.slice(stat.indexOf('(') + 1, end), state: stat[end + 2] ?? '?' };
  } catch {
    return undefined;
  }
}

export function tasksOf(pid: number): TaskTruth[] {
  return tids(pid).flatMap((tid) => taskTruth(pid, tid) ?? []);
}

function tids(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).map(Number);
  } catch {
    return [];
  }
}

/** A line of /proc/PID/status: `TracerPid`, `State`. */
export function statusOf(pid: number, key: string): string | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/status`, 'latin1')
      .split('\n')
      .find((text) => text.startsWith(`${key}:`));
    return line?.slice(key.length + 1).trim();
  } catch {
    return undefined;
  }
}

/** Waits until `condition` holds; rejects with `what` after 30 s. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 1500; tries++) {
    if (condition()) return;
    await sleep(20);
  }
  throw new Error(`did not happen within 30 s: ${what}`);
}

/** Waits until the process's first task has slept three looks in a row. */
export async function rest(pid: number): Promise<void> {
  let quiet = 0;
  await until(() => {
    quiet = taskTruth(pid, pid)?.state === 'R' ? 0 : quiet + 1;
    return quiet === 3;
  }, `process ${pid} comes to rest`);
}
