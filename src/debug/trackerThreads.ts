import type { Task } from '../model/sample';
import { tidNamed } from './trackerPid';

type Known = Pick<Task, 'tid' | 'name' | 'kind'>;

/**
 * The debugger's number for each thread of the process, by tid: by the numbers where they are tids, by a tid in the name, else by a
 * name that only one thread has at either end. A thread that cannot be told has none.
 */
export function debuggerThreads(
  pid: number,
  tasks: readonly Known[],
  threads: ReadonlyMap<number, string>,
): ReadonlyMap<number, number> {
  const own = tasks.filter(({ kind }) => kind === 'thread');
  const tids = new Set(own.map(({ tid }) => tid));
  // Numbers from 1 on may be tids in a small container: those of a debugger that counts tids have the leader's among them.
  if (threads.has(pid))
    return new Map([...threads.keys()].filter((id) => tids.has(id)).map((id) => [id, id]));
  const found = new Map<number, number>();
  for (const [id, name] of threads) {
    const tid = tidNamed(name);
    if (tid !== undefined && tids.has(tid)) found.set(tid, id);
  }
  if (found.size > 0) return found;
  const byName = onlyOnes(own.map(({ tid, name }) => [name, tid]));
  for (const [name, id] of onlyOnes([...threads].map(([number, text]) => [bare(text), number]))) {
    const tid = byName.get(name);
    if (tid !== undefined) found.set(tid, id);
  }
  const leader = own.find(({ tid }) => tid === pid);
  const main = [...threads].find(([, name]) => name === 'MainThread');
  if (leader && main && !found.has(pid)) found.set(pid, main[0]);
  return found;
}

/** `Thread #1 server`, `server`: the name that the program gave it. */
function bare(name: string): string {
  return name.replace(/^Thread #\d+\s+/, '');
}

function onlyOnes(pairs: readonly (readonly [string, number])[]): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const [name] of pairs) times.set(name, (times.get(name) ?? 0) + 1);
  return new Map(pairs.filter(([name]) => times.get(name) === 1));
}
