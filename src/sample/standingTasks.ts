import type { Resource, Sample, Task } from '../model/sample';
import type { TasksAsked } from './tasks';

/** A task as it was read, without `blocked`, and what told before that how often it had had a processor. */
export interface KnownTask {
  readonly task: Task;
  /** Of its stat, in ticks since boot. */
  readonly startTime: number;
  /** /proc/TID/schedstat, read before all else of it. */
  readonly schedstat: string;
  /** When its state was read: monotonic milliseconds. */
  readonly at: number;
  /** It had not run for a while when it was last asked for. */
  readonly stands: boolean;
}

/** What a look knows of tasks for the next one. */
export interface KnownTasks {
  readonly stacks: TasksAsked['stacks'];
  readonly byTid: ReadonlyMap<number, KnownTask>;
}

/** Milliseconds for which the state stands: a task that is woken and waits for a processor, or is frozen where it sleeps, has not run. */
const STATE_STANDS = 4000;
/** Seconds after which a task that was seen once is taken to stand: it is worth to ask first. */
export const RESTS = 0.3;

/** By the list of resources, which a Sample hands on to the copies that are made of it. */
const known = new WeakMap<readonly Resource[], KnownTasks>();

export function rememberTasks(resources: readonly Resource[], tasks: KnownTasks): void {
  known.set(resources, tasks);
}

/** Absent where the Sample is another inspector's, or from a file. */
export function tasksRemembered(sample: Sample | undefined): KnownTasks | undefined {
  return sample && known.get(sample.resources);
}

/** Whether it is worth to ask first if the task has run since: else all of it is read at once. */
export function maySpare(known: KnownTask | undefined): known is KnownTask {
  return known?.stands === true && known.task.state !== 'R';
}

/** Whether its state is to be read anew, though it has not run. */
export function isStateOld(known: KnownTask | undefined, now: number): boolean {
  return known === undefined || now - known.at > STATE_STANDS;
}

/**
 * Whether the task has had no processor between two readings: its run time and its time slices are the same. A kernel that
 * does not count them (before 5.14, unless it was told to) proves nothing.
 */
export function hasStood(before: string | undefined, now: string | undefined): boolean {
  return before !== undefined && before === now && !/ 0\n?$/.test(now);
}
