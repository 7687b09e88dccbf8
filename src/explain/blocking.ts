import type { BlockedOn, KernelFrame, Sample, Task, Wake } from '../model/sample';
import { submittedFiles } from './aioSubmitting';
import { threadAwaits } from './awaitedThings';
import type { Cause, KernelFunction } from './functions/entry';
import { blockingFrame, innermostFrame } from './functions/table';
import type { HoldingLimit } from './ioLimits';
import { ringLockWait } from './ringLockWait';

/** A task that waits, and what the table of kernel functions says of it. */
export interface Blocked {
  readonly task: Task;
  readonly on: BlockedOn;
  readonly cause: Cause;
  readonly advice: string;
  /** The I/O limit it waits behind. */
  readonly limit?: HoldingLimit;
}

/** Causes of threads that have nothing to do, or wait for their own program. */
const AT_REST: ReadonlySet<Cause> = new Set<Cause>([
  'idle',
  'completions',
  'futex',
  'timer',
  'child',
  'event',
]);

/** What a task waits for: by its stack, else by wchan; undefined where it runs or nothing is known. */
export function blockedOn(task: Task): Blocked | undefined {
  if (task.state === 'T' || task.state === 't') return stopped(task);
  if (task.state !== 'S' && task.state !== 'D') return undefined;
  const stack = task.kernelStack?.length ? task.kernelStack : wchanFrame(task);
  const lock = ringLockWait(task, stack);
  if (lock) return lock;
  const found = blockingFrame(stack);
  if (found) {
    const { entry } = found;
    return { task, on: describe(found.function, entry, task), cause: entry.cause, advice: entry.advice };
  }
  return unknown(task, stack);
}

/**
 * What no entry fits is told with its stack. A sleeping worker or submission thread may have nothing to do, and a
 * sleeping thread waits for something that may well be everyday: only state D is a fault.
 */
function unknown(task: Task, stack: readonly KernelFrame[]): Blocked | undefined {
  const frame = innermostFrame(stack);
  if (frame === undefined || (task.state === 'S' && task.kind !== 'thread')) return undefined;
  const names = stack.slice(0, 12).map((one) => one.function);
  return {
    task,
    on: {
      function: frame,
      subsystem: 'unknown',
      text: `is blocked in ${frame} (unknown subsystem)`,
      wake: task.state === 'S' ? 'interruptible' : 'uninterruptible',
      ...(task.state === 'S' ? { idle: true } : {}),
    },
    cause: task.state === 'S' ? 'event' : 'device',
    advice: `Look up in the kernel’s source what waits there. Its stack, innermost first: ${names.join(', ')}.`,
  };
}

function wchanFrame(task: Task) {
  return task.wchan === undefined ? [] : [{ function: task.wchan, offset: 0, size: 0, module: null }];
}

function describe(name: string, entry: KernelFunction, task: Task): BlockedOn {
  const fd = descriptorOf(task);
  return {
    function: name,
    subsystem: entry.subsystem,
    text: entry.text,
    wake: wakeOf(entry, task),
    ...(fd === undefined ? {} : { fd }),
    ...(AT_REST.has(entry.cause) ? { idle: true } : {}),
  };
}

/** State D contradicts an entry that says interruptible; otherwise the entry knows more than the letter. */
function wakeOf(entry: KernelFunction, task: Task): Wake {
  return entry.wake === 'interruptible' && task.state === 'D' ? 'uninterruptible' : entry.wake;
}

const FD_FIRST = new Set([
  'read',
  'write',
  'pread64',
  'pwrite64',
  'readv',
  'writev',
  'preadv',
  'pwritev',
  'preadv2',
  'pwritev2',
  'fsync',
  'fdatasync',
  'ftruncate',
  'fallocate',
  'flock',
  'fcntl',
  'ioctl',
  'fstat',
  'lseek',
  'close',
  'recvfrom',
  'recvmsg',
  'recvmmsg',
  'sendto',
  'sendmsg',
  'sendmmsg',
  'accept',
  'accept4',
  'connect',
  'epoll_wait',
  'epoll_pwait',
  'epoll_pwait2',
  'getdents64',
  'sync_file_range',
  'syncfs',
  'mq_timedreceive',
  'mq_timedsend',
  'io_uring_enter',
]); // prettier-ignore

function descriptorOf(task: Task): number | undefined {
  const { syscall } = task;
  if (!syscall?.name || !FD_FIRST.has(syscall.name)) return undefined;
  const fd = Number(syscall.args[0]);
  return Number.isInteger(fd) && fd >= 0 && fd < 1 << 30 ? fd : undefined;
}

function stopped(task: Task): Blocked {
  const traced = task.state === 't';
  return {
    task,
    on: {
      function: traced ? 'ptrace_stop' : 'do_signal_stop',
      subsystem: 'stop',
      text: traced ? 'is stopped by a debugger (ptrace)' : 'is stopped by a signal (SIGSTOP, Ctrl-Z)',
      wake: 'killable',
    },
    cause: 'stopped',
    advice: traced ? 'Continue it in the debugger.' : 'Continue it: kill -CONT PID, or in the debugger.',
  };
}

/** Every waiting task of a Sample. */
export function blockedTasks(sample: Sample): Blocked[] {
  const submitted = submittedFiles(sample);
  return sample.tasks.flatMap((task) => {
    const blocked = blockedOn(task);
    if (!blocked) return [];
    const fd = submitted.get(task.tid);
    const text = threadAwaits(sample, task, blocked.cause);
    const said = { ...(fd === undefined ? {} : { fd }), ...(text === undefined ? {} : { text }) };
    return { ...blocked, on: { ...blocked.on, ...said } };
  });
}
