import type { SystemCall, Task, TaskKind } from '../model/sample';
import type { ReadResult } from '../probe/protocol';
import { parseSched } from '../procfs/sched';
import { parseStack } from '../procfs/stack';
import { parseStat, type Stat } from '../procfs/stat';
import { parseSyscall } from '../procfs/syscall';
import { syscallName } from '../procfs/syscallNames';
import { parseWchan } from '../procfs/wchan';
import { carriedOperation, operationBehindWchan } from '../ring/issueFunctions';
import type { Target } from '../target/target';
import { textOf } from './text';

/** USER_HZ. */
const TICKS_PER_SECOND = 100;

/** Tasks asked for in one round trip: the probe answers the next while this one is parsed. */
const TASKS_PER_BATCH = 128;

export interface TasksAsked {
  readonly pid: number;
  readonly tids: readonly number[];
  readonly arch: string;
  /** The scheduler's present time in seconds, for "blocked since". */
  readonly now: number | undefined;
  /** Seconds since boot. */
  readonly uptime: number | undefined;
  /** False spares the reads where they are refused anyway. */
  readonly stacks: boolean;
}

export interface TasksFound {
  readonly tasks: readonly Task[];
  /** Tasks that ended while they were read. */
  readonly ended: number;
  /** Tasks of which a file did not answer in time: `stack of 4242`. */
  readonly timedOut: readonly string[];
}

/** Reads every task of a process. A task that ends meanwhile is left out, and counted. */
export async function readTasks(target: Target, asked: TasksAsked): Promise<TasksFound> {
  const batches: (readonly number[])[] = [];
  for (let i = 0; i < asked.tids.length; i += TASKS_PER_BATCH) {
    batches.push(asked.tids.slice(i, i + TASKS_PER_BATCH));
  }
  const found = await Promise.all(batches.map((tids) => readBatch(target, asked, tids)));
  return {
    tasks: found.flatMap((batch) => batch.tasks),
    ended: found.reduce((sum, batch) => sum + batch.ended, 0),
    timedOut: found.flatMap((batch) => batch.timedOut),
  };
}

async function readBatch(target: Target, asked: TasksAsked, tids: readonly number[]): Promise<TasksFound> {
  const files = asked.stacks
    ? ['stat', 'wchan', 'syscall', 'sched', 'stack']
    : ['stat', 'wchan', 'syscall', 'sched'];
  const paths = tids.flatMap((tid) => files.map((file) => `/proc/${asked.pid}/task/${tid}/${file}`));
  const results = await target.read(paths);
  const tasks: Task[] = [];
  const timedOut: string[] = [];
  let ended = 0;
  tids.forEach((tid, index) => {
    const own = results.slice(index * files.length, (index + 1) * files.length);
    own.forEach((result, at) => {
      if (!result.ok && result.errno === 'ETIMEDOUT') timedOut.push(`${files[at] ?? ''} of ${tid}`);
    });
    const task = taskFrom(tid, own, asked);
    if (task) tasks.push(task);
    else ended++;
  });
  return { tasks, ended, timedOut };
}

function taskFrom(tid: number, files: readonly ReadResult[], asked: TasksAsked): Task | undefined {
  const [statFile, wchanFile, syscallFile, schedFile, stackFile] = files;
  const stat = parseStat(textOf(statFile) ?? '');
  if (!stat || stat.state === 'X') return undefined;
  const kind = taskKind(stat);
  const wchan = parseWchan(textOf(wchanFile) ?? '');
  const stackText = textOf(stackFile);
  const kernelStack = stackText === undefined || stat.state === 'R' ? undefined : parseStack(stackText);
  const syscall = kind === 'thread' ? systemCall(textOf(syscallFile), asked.arch) : undefined;
  const lastRan = stat.state === 'R' ? undefined : parseSched(textOf(schedFile) ?? '')?.execStart;
  const blocked = blockedSeconds(stat, lastRan, asked);
  const unseen = kind === 'worker' && wchan !== undefined && kernelStack === undefined && stat.state !== 'R';
  const operation = unseen
    ? operationBehindWchan(wchan)
    : kernelStack && carriedOperation(kernelStack)?.operation;
  return {
    tid,
    name: stat.comm,
    kind,
    state: stat.state,
    ...(wchan === undefined ? {} : { wchan }),
    ...(blocked === undefined ? {} : { blocked }),
    ...(lastRan === undefined || lastRan <= 0 ? {} : { lastRan }),
    ...(kernelStack === undefined ? {} : { kernelStack }),
    ...(syscall === undefined ? {} : { syscall }),
    ...(operation === undefined ? {} : { operation }),
  };
}

/**
 * io-wq workers and SQPOLL threads carry PF_IO_WORKER (5.12+), which no program can give itself; only the name,
 * which a program can, tells the two apart.
 */
export function taskKind(stat: Stat): TaskKind {
  if (!stat.ioWorker) return 'thread';
  return stat.comm.startsWith('iou-sqp-') ? 'sqpoll' : 'worker';
}

function systemCall(text: string | undefined, arch: string): SystemCall | undefined {
  const state = text === undefined ? undefined : parseSyscall(text);
  if (state?.kind !== 'inside') return undefined;
  const name = syscallName(arch, state.number);
  return { number: state.number, ...(name === undefined ? {} : { name }), args: state.args };
}

/** How far a task's clock may be ahead because it ran after the time was read. Seconds. */
const JUST_RAN = 0.1;

/**
 * Seconds since the task last ran: now − se.exec_start of /proc/TID/sched. That clock leaves out the time a
 * hypervisor took from the processor, so processors differ (measured: by 0.8 s after an hour): no task has
 * waited for longer than it lives, and one that would have run in the future tells nothing.
 */
function blockedSeconds(stat: Stat, lastRan: number | undefined, asked: TasksAsked): number | undefined {
  const { now, uptime } = asked;
  if (lastRan === undefined || lastRan <= 0 || now === undefined) return undefined;
  if (now - lastRan < -JUST_RAN) return undefined;
  const age = uptime === undefined ? Number.POSITIVE_INFINITY : uptime - stat.startTime / TICKS_PER_SECOND;
  return Math.round(Math.max(0, Math.min(now - lastRan, age)) * 1000) / 1000;
}
