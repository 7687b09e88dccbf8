import { UserError } from '../model/errors';
import type { Stat } from '../procfs/stat';
import type { Status } from '../procfs/status';

/** Reads a PID from what a person typed. Throws a UserError when it is none. */
export function parsePid(text: string): number {
  const trimmed = text.trim();
  const pid = Number(trimmed);
  if (/^\d+$/.test(trimmed) && pid > 0 && pid <= MOST_PID) return pid;
  throw new UserError(
    'bad-pid',
    `"${trimmed.slice(0, 40)}" is not a process number.`,
    `A PID is a whole number from 1 to ${MOST_PID}.`,
    'The list of the processes that use io_uring has their numbers.',
  );
}

/** PID_MAX_LIMIT of 64-bit kernels. */
const MOST_PID = 4_194_304;

export function noSuchProcess(pid: number, where: string): UserError {
  return new UserError(
    'no-such-process',
    `There is no process ${pid} on ${where}.`,
    'It has ended, or the number is another one.',
    'List the processes that use io_uring and take one of those.',
  );
}

export function processGone(pid: number): UserError {
  return new UserError(
    'process-gone',
    `Process ${pid} ended while it was inspected.`,
    'Its files in /proc are gone.',
    'Nothing of it is left to see; start it again and inspect the new process.',
  );
}

/** Says why a process has nothing to inspect: a kernel thread or a zombie; undefined = it can be inspected. */
export function refusalOf(stat: Stat, status: Status, taskCount: number): UserError | undefined {
  if (stat.kernelThread || status.kernelThread) {
    return new UserError(
      'kernel-thread',
      `${stat.pid} (${stat.comm}) is a thread of the kernel.`,
      'It belongs to no program and owns no io_uring.',
      'Inspect the process whose requests hang; io-wq workers are threads of that process (5.12 and later).',
    );
  }
  if ((stat.state === 'Z' || stat.state === 'X') && taskCount <= 1) {
    return new UserError(
      'zombie',
      `Process ${stat.pid} (${stat.comm}) has already ended (zombie).`,
      `Its parent ${stat.ppid} has not collected its exit status; its rings and files are closed.`,
      `Look at its parent, process ${stat.ppid}, instead.`,
    );
  }
  return undefined;
}
