import type { Sample, Task, UserFrame } from '../model/sample';
import { isBlindSource } from './blindSources';
import type { CallStack } from './callStacks';
import { withStandingOrigins } from './requestOrigins';

/** The Sample with the stacks that an earlier, or a later linked, one has of threads which have not run between the two, and the origins of the same requests. */
export function withStanding(sample: Sample, other: Sample | undefined): Sample {
  const known = standingStacks(sample, other);
  const requested = withStandingOrigins(sample, other);
  if (known.size === 0) return requested;
  const linked = withStacks(requested, known);
  const blind = sample.notVisible.some(isBlindSource) ? [] : (other?.notVisible ?? []).filter(isBlindSource);
  return blind.length === 0 ? linked : { ...linked, notVisible: [...linked.notVisible, ...blind] };
}

export function withStacks(sample: Sample, stacks: ReadonlyMap<number, CallStack>): Sample {
  return { ...sample, tasks: sample.tasks.map((task) => withStack(task, stacks.get(task.tid))) };
}

function withStack(task: Task, stack: CallStack | undefined): Task {
  if (!stack) return task;
  const { frames, note } = stack;
  return {
    ...task,
    ...(frames ? { userStack: frames } : {}),
    ...(note === undefined ? {} : { userStackNote: note }),
  };
}

/** Frames that have a line. */
export function lineCount(frames: readonly UserFrame[] = []): number {
  return frames.filter(({ line }) => line !== undefined).length;
}

/** Of threads that have not run between the two looks, and have no stack yet, or one of which less is known. */
export function standingStacks(sample: Sample, other: Sample | undefined): Map<number, CallStack> {
  const found = new Map<number, CallStack>();
  const { pid, startTime } = sample.process;
  if (other?.process.pid !== pid || other.process.startTime !== startTime) return found;
  const then = new Map(other.tasks.map((task) => [task.tid, task]));
  for (const { tid, lastRan, syscall, userStack: known } of sample.tasks) {
    const task = then.get(tid);
    const { userStack, userStackNote } = task ?? {};
    if (
      (known && lineCount(userStack) <= lineCount(known)) ||
      lastRan === undefined ||
      task?.lastRan !== lastRan ||
      task.syscall?.number !== syscall?.number
    )
      continue;
    if (userStack)
      found.set(tid, {
        tid,
        frames: userStack,
        ...(userStackNote === undefined ? {} : { note: userStackNote }),
      });
  }
  return found;
}
