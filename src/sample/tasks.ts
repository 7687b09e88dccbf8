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
import { followArguments } from './callArguments';
import type { Clocks } from './clock';
import { remembering } from './latest';
import { textOf } from './text';

/** USER_HZ. */
const TICKS_PER_SECOND = 100;

/** Tasks asked for in one round trip. */
const TASKS_PER_BATCH = 64;
/** Round trips under way: the probe answers one while another is parsed, and other questions wait for four at most. */
const LANES = 4;

export interface TasksAsked {
  readonly pid: number;
  readonly tids: readonly number[];
  readonly arch: string;
  /** The host's clocks, for "blocked since"; may be under way with the same round trip. */
  readonly clocks: Clocks | Promise<Clocks>;
  /** Whether stacks can be read: where that is sure, one of stack and wchan is enough. */
  readonly stacks: 'readable' | 'refused' | 'unsure';
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
  const found: TasksFound[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < batches.length; index = next++) {
      found[index] = await readBatch(target, asked, batches[index] ?? []);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return {
    tasks: await followArguments(
      target,
      asked.pid,
      found.flatMap((batch) => batch.tasks),
    ),
    ended: found.reduce((sum, batch) => sum + batch.ended, 0),
    timedOut: found.flatMap((batch) => batch.timedOut),
  };
}

async function readBatch(target: Target, asked: TasksAsked, tids: readonly number[]): Promise<TasksFound> {
  const files = FILES[asked.stacks];
  const paths: string[] = [];
  const schedPaths: string[] = [];
  for (const tid of tids) {
    const folder = `/proc/${asked.pid}/task/${tid}/`;
    for (const file of files) paths.push(folder + file);
    schedPaths.push(`${folder}sched`);
  }
  const [results, scheds, clocks] = await Promise.all([
    target.read(paths),
    target.read(schedPaths, { limit: SCHED_HEAD }),
    asked.clocks,
  ]);
  const tasks: Task[] = [];
  const timedOut: string[] = [];
  const parse = parsers(asked.arch);
  let ended = 0;
  tids.forEach((tid, index) => {
    const at = index * files.length;
    for (let file = 0; file < files.length; file++) {
      const result = results[at + file];
      if (result?.ok === false && result.errno === 'ETIMEDOUT')
        timedOut.push(`${files[file] ?? ''} of ${tid}`);
    }
    const own: TaskFiles = { stat: results[at], sched: scheds[index] };
    for (let file = 1; file < files.length; file++) own[files[file] ?? 'stat'] = results[at + file];
    const task = taskFrom(tid, own, clocks, parse);
    if (task) tasks.push(task);
    else ended++;
  });
  return { tasks, ended, timedOut };
}

type FileName = 'stat' | 'wchan' | 'syscall' | 'sched' | 'stack';

/** The files of one task; absent = not asked for. */
type TaskFiles = { [Name in FileName]?: ReadResult | undefined };

/** The stack begins where wchan points, for both leave out the scheduler's functions; the state comes first. */
const FILES: Readonly<Record<TasksAsked['stacks'], readonly FileName[]>> = {
  readable: ['stat', 'syscall', 'stack'],
  refused: ['stat', 'syscall', 'wchan'],
  unsure: ['stat', 'syscall', 'wchan', 'stack'],
};

/** For the files in which neighbours are often alike. */
function parsers(arch: string) {
  return {
    wchan: remembering(parseWchan),
    stack: remembering((text) => {
      const frames = parseStack(text);
      return { frames, operation: carriedOperation(frames)?.operation };
    }),
    syscall: remembering((text) => systemCall(text, arch)),
  };
}

/** Bytes of /proc/TID/sched up to the row of se.exec_start, its first, behind a name of 15 characters at most. */
const SCHED_HEAD = 512;

function taskFrom(
  tid: number,
  files: TaskFiles,
  clocks: Clocks,
  parse: ReturnType<typeof parsers>,
): Task | undefined {
  const stat = parseStat(textOf(files.stat) ?? '');
  if (!stat || stat.state === 'X') return undefined;
  const kind = taskKind(stat);
  const stack = stat.state === 'R' ? undefined : parse.stack(files.stack);
  const kernelStack = stack?.frames;
  const wchan = files.wchan ? parse.wchan(files.wchan) : kernelStack?.[0]?.function;
  const syscall = kind === 'thread' ? parse.syscall(files.syscall) : undefined;
  const lastRan = stat.state === 'R' ? undefined : parseSched(textOf(files.sched) ?? '')?.execStart;
  const blocked = blockedSeconds(stat, lastRan, clocks);
  const unseen = kind === 'worker' && wchan !== undefined && kernelStack === undefined && stat.state !== 'R';
  const operation = unseen ? operationBehindWchan(wchan) : stack?.operation;
  const task: { -readonly [Field in keyof Task]: Task[Field] } = {
    tid,
    name: stat.comm,
    kind,
    state: stat.state,
  };
  if (wchan !== undefined) task.wchan = wchan;
  if (blocked !== undefined) task.blocked = blocked;
  if (lastRan !== undefined && lastRan > 0) task.lastRan = lastRan;
  if (kernelStack !== undefined) task.kernelStack = kernelStack;
  if (syscall !== undefined) task.syscall = syscall;
  if (operation !== undefined) task.operation = operation;
  return task;
}

/**
 * io-wq workers and SQPOLL threads carry PF_IO_WORKER (5.12+), which no program can give itself; only the name,
 * which a program can, tells the two apart.
 */
export function taskKind(stat: Stat): TaskKind {
  if (!stat.ioWorker) return 'thread';
  return stat.comm.startsWith('iou-sqp-') ? 'sqpoll' : 'worker';
}

function systemCall(text: string, arch: string): SystemCall | undefined {
  const state = parseSyscall(text);
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
function blockedSeconds(stat: Stat, lastRan: number | undefined, clocks: Clocks): number | undefined {
  const { scheduler: now, uptime } = clocks;
  if (lastRan === undefined || lastRan <= 0 || now === undefined) return undefined;
  if (now - lastRan < -JUST_RAN) return undefined;
  const age = uptime === undefined ? Number.POSITIVE_INFINITY : uptime - stat.startTime / TICKS_PER_SECOND;
  return Math.round(Math.max(0, Math.min(now - lastRan, age)) * 1000) / 1000;
}
