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
  const unseen = tasks.filter(({ kind, operation }) => kind === 'worker' && operation === 'UNKNOWN');
  const unknown = new Set(unseen.map(({ tid }) => tid));
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
  // Which of them has which is a guess: it may be told only of those that wait in one place.
  const apart = others > 0 || new Set(unseen.map(({ wchan }) => wchan)).size > 1;
  if (own.size < unknown.size || (apart && families.size > 1)) return tasks;
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
