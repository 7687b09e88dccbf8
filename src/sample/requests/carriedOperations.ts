import type { Request, Ring, Task } from '../../model/sample';
import { familyOf } from './unplaced';

/**
 * The tasks with the operation of workers whose stacks may not be read, where the rings' memory leaves no choice: all that
 * they can carry is of one kind, or there is no more of it than there are workers.
 */
export function withOperations(
  tasks: readonly Task[],
  requests: readonly Request[],
  rings: readonly Ring[],
): readonly Task[] {
  const unknown = new Set(
    tasks.flatMap(({ tid, kind, operation }) => (kind === 'worker' && operation === 'UNKNOWN' ? [tid] : [])),
  );
  if (unknown.size === 0 || rings.some(({ lost }) => lost)) return tasks;
  const own = new Map<number, string>();
  let others = 0;
  const families = new Set<string>();
  for (const request of requests) {
    if (!request.sources.includes('ring memory')) continue;
    const carrier =
      request.state === 'running' && unknown.has(request.worker ?? -1) ? request.worker : undefined;
    if (carrier === undefined && !mayBeCarried(request)) continue;
    const family = familyOf(request.operation);
    families.add(family);
    if (carrier === undefined || request.certainty === 'ambiguous') others++;
    if (carrier !== undefined) own.set(carrier, family);
  }
  if (own.size < unknown.size || (others > 0 && families.size > 1)) return tasks;
  return tasks.map((task) => {
    const operation = unknown.has(task.tid) ? own.get(task.tid) : undefined;
    return operation === undefined ? task : { ...task, operation };
  });
}

/** It is only guessed that no worker has it. */
function mayBeCarried({ state, inferred, flags }: Request): boolean {
  if (!inferred?.includes('state')) return false;
  return state === 'queued' || (state === 'issued' && flags?.includes('ASYNC') === true);
}
