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
import { hasStood, isStateOld, type KnownTask, type KnownTasks, maySpare, RESTS } from './standingTasks';
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
  /** There will be another look. */
  readonly remember?: boolean;
  /** What the look before remembered: what has not run since is not read again. */
  readonly known?: KnownTasks | undefined;
}

export interface TasksFound {
  readonly tasks: readonly Task[];
  /** Tasks that ended while they were read. */
  readonly ended: number;
  /** Tasks of which a file did not answer in time: `stack of 4242`. */
  readonly timedOut: readonly string[];
  /** For the next look. */
  readonly known: KnownTasks;
}

/** Reads every task of a process. A task that ends meanwhile is left out, and counted. */
export async function readTasks(target: Target, asked: TasksAsked): Promise<TasksFound> {
  const batches: (readonly number[])[] = [];
  for (let i = 0; i < asked.tids.length; i += TASKS_PER_BATCH) {
    batches.push(asked.tids.slice(i, i + TASKS_PER_BATCH));
  }
  const found: BatchFound[] = [];
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
    known: { stacks: asked.stacks, byTid: new Map(found.flatMap((batch) => batch.known)) },
  };
}

/** A task as it was read now, but for how long it is blocked. */
interface TaskRead {
  readonly task: Task;
  readonly startTime: number;
  readonly schedstat?: string;
}

interface BatchFound extends Pick<TasksFound, 'tasks' | 'ended' | 'timedOut'> {
  readonly known: readonly (readonly [number, KnownTask])[];
}

/** Of tasks that have stood it is asked first whether they have run since: all else of them is as it was read. */
async function readBatch(target: Target, asked: TasksAsked, tids: readonly number[]): Promise<BatchFound> {
  const { known } = asked;
  const at = performance.now();
  const before = known?.stacks === asked.stacks ? known.byTid : undefined;
  const resting = before ? tids.filter((tid) => maySpare(before.get(tid))) : [];
  const doubtful = resting.filter((tid) => isStateOld(before?.get(tid), at));
  const spared = new Set(resting);
  const parse = parsers(asked.arch);
  const timedOut: string[] = [];
  const whole = (wanted: readonly number[], counts?: ReadonlyMap<number, string>) =>
    readWhole(target, asked, wanted, { parse, timedOut, ...(counts ? { counts } : {}) });
  const [counts, states, others, clocks] = await Promise.all([
    readTexts(target, asked.pid, resting, 'schedstat'),
    readTexts(target, asked.pid, doubtful, 'stat'),
    whole(spared.size === 0 ? tids : tids.filter((tid) => !spared.has(tid))),
    asked.clocks,
  ]);
  const asBefore = new Map<number, KnownTask>();
  for (const tid of resting) {
    const then = before?.get(tid);
    if (!then || !hasStood(then.schedstat, counts.get(tid))) continue;
    const anew = isStateOld(then, at);
    if (!anew) asBefore.set(tid, then);
    else if (parseStat(states.get(tid) ?? '')?.state === then.task.state) asBefore.set(tid, { ...then, at });
  }
  const ran = await whole(
    resting.filter((tid) => !asBefore.has(tid)),
    counts,
  );
  const tasks: Task[] = [];
  const remembered: (readonly [number, KnownTask])[] = [];
  for (const tid of tids) {
    const read = others.get(tid) ?? ran.get(tid) ?? asBefore.get(tid);
    if (!read) continue;
    const task = withBlocked(read.task, read.startTime, clocks);
    tasks.push(task);
    const { schedstat } = read;
    if (schedstat === undefined) continue;
    const stands = hasStood(before?.get(tid)?.schedstat, schedstat) || (task.blocked ?? 0) >= RESTS;
    remembered.push([tid, { at, ...read, schedstat, stands }]);
  }
  return { tasks, ended: tids.length - tasks.length, timedOut, known: remembered };
}

/** That file of each task that has it. */
async function readTexts(
  target: Target,
  pid: number,
  tids: readonly number[],
  file: FileName,
): Promise<ReadonlyMap<number, string>> {
  if (tids.length === 0) return new Map();
  const results = await target.read(tids.map((tid) => `/proc/${pid}/task/${tid}/${file}`));
  return new Map(
    tids.flatMap((tid, index) => {
      const text = textOf(results[index]);
      return text === undefined ? [] : [[tid, text] as const];
    }),
  );
}

interface Reading {
  readonly parse: ReturnType<typeof parsers>;
  /** Takes what did not answer in time. */
  readonly timedOut: string[];
  /** What was read of schedstat already; absent = it is read here, before all else. */
  readonly counts?: ReadonlyMap<number, string>;
}

/** All of each task that has not ended. */
async function readWhole(
  target: Target,
  asked: TasksAsked,
  tids: readonly number[],
  { parse, timedOut, counts }: Reading,
): Promise<ReadonlyMap<number, TaskRead>> {
  const found = new Map<number, TaskRead>();
  if (tids.length === 0) return found;
  const counting = asked.remember === true && counts === undefined;
  const files = FILES[asked.stacks];
  const each = counting ? (['schedstat', ...files] as const) : files;
  const paths: string[] = [];
  const schedPaths: string[] = [];
  for (const tid of tids) {
    const folder = `/proc/${asked.pid}/task/${tid}/`;
    for (const file of each) paths.push(folder + file);
    schedPaths.push(`${folder}sched`);
  }
  const [results, scheds] = await Promise.all([
    target.read(paths),
    target.read(schedPaths, { limit: SCHED_HEAD }),
  ]);
  tids.forEach((tid, index) => {
    const own: TaskFiles = { sched: scheds[index] };
    let late = false;
    each.forEach((file, place) => {
      const result = results[index * each.length + place];
      own[file] = result;
      if (result?.ok !== false || result.errno !== 'ETIMEDOUT') return;
      timedOut.push(`${file} of ${tid}`);
      late = true;
    });
    const read = taskFrom(tid, own, parse);
    const schedstat = counting ? textOf(own.schedstat) : counts?.get(tid);
    if (read) found.set(tid, { ...read, ...(schedstat === undefined || late ? {} : { schedstat }) });
  });
  return found;
}

type FileName = 'schedstat' | 'stat' | 'wchan' | 'syscall' | 'sched' | 'stack';

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
  parse: ReturnType<typeof parsers>,
): Pick<TaskRead, 'task' | 'startTime'> | undefined {
  const stat = parseStat(textOf(files.stat) ?? '');
  if (!stat || stat.state === 'X') return undefined;
  const kind = taskKind(stat);
  const stack = stat.state === 'R' ? undefined : parse.stack(files.stack);
  const kernelStack = stack?.frames;
  const wchan = files.wchan ? parse.wchan(files.wchan) : kernelStack?.[0]?.function;
  const syscall = kind === 'thread' ? parse.syscall(files.syscall) : undefined;
  const lastRan = stat.state === 'R' ? undefined : parseSched(textOf(files.sched) ?? '')?.execStart;
  const unseen = kind === 'worker' && wchan !== undefined && kernelStack === undefined && stat.state !== 'R';
  const operation = unseen ? operationBehindWchan(wchan) : stack?.operation;
  const task: { -readonly [Field in keyof Task]: Task[Field] } = {
    tid,
    name: stat.comm,
    kind,
    state: stat.state,
  };
  if (wchan !== undefined) task.wchan = wchan;
  if (lastRan !== undefined && lastRan > 0) task.lastRan = lastRan;
  if (kernelStack !== undefined) task.kernelStack = kernelStack;
  if (syscall !== undefined) task.syscall = syscall;
  if (operation !== undefined) task.operation = operation;
  return { task, startTime: stat.startTime };
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
function withBlocked(task: Task, startTime: number, { scheduler: now, uptime }: Clocks): Task {
  const { lastRan } = task;
  if (lastRan === undefined || now === undefined || now - lastRan < -JUST_RAN) return task;
  const age = uptime === undefined ? Number.POSITIVE_INFINITY : uptime - startTime / TICKS_PER_SECOND;
  const blocked = Math.round(Math.max(0, Math.min(now - lastRan, age)) * 1000) / 1000;
  return { ...task, blocked };
}
