import type { ChildProcess, Sample } from '../model/sample';
import { awaitedChildren } from '../procfs/childChoice';
import { parseStat } from '../procfs/stat';
import { parseStatus } from '../procfs/status';
import type { Target } from '../target/target';
import { textOf } from './text';

/** Threads whose children are asked for, and children that are told. */
const MOST_THREADS = 256;
const MOST_CHILDREN = 64;

/** Something of the process waits for a child. */
export function awaitsChild({ tasks, requests }: Pick<Sample, 'tasks' | 'requests'>): boolean {
  return (
    requests.some(({ operation, state }) => operation === 'WAITID' && state === 'waiting') ||
    tasks.some(
      ({ state, syscall }) =>
        (state === 'S' || state === 'D') && awaitedChildren(syscall?.name, syscall?.args ?? []) !== undefined,
    )
  );
}

/** The children of all threads, by /proc/PID/task/TID/children (4.2+, CONFIG_PROC_CHILDREN); none where it cannot be read. */
export async function readChildren(target: Target, { process, tasks }: Sample): Promise<ChildProcess[]> {
  const threads = tasks.filter(({ kind }) => kind === 'thread').slice(0, MOST_THREADS);
  const lists = await target.read(threads.map(({ tid }) => `/proc/${process.pid}/task/${tid}/children`));
  const pids = lists
    .flatMap((list) => (textOf(list) ?? '').split(' '))
    .filter((pid) => /^\d{1,10}$/.test(pid))
    .slice(0, MOST_CHILDREN);
  if (pids.length === 0) return [];
  const files = await target.read(pids.flatMap((pid) => [`/proc/${pid}/stat`, `/proc/${pid}/status`]));
  return pids.flatMap((_, index): ChildProcess[] => {
    const stat = parseStat(textOf(files[2 * index]) ?? '');
    if (stat?.ppid !== process.pid) return [];
    const { pid, comm, state, processGroup } = stat;
    const { nsPid, nsPgid } = parseStatus(textOf(files[2 * index + 1]) ?? '');
    // Its parent may live in a namespace further out than its own.
    const level = (process.namespacePids?.length ?? 1) - 1;
    const inParent = nsPid?.[level] ?? pid;
    const group = level === 0 ? processGroup : nsPgid?.[level];
    return [
      {
        pid,
        name: comm,
        state,
        ...(group === undefined ? {} : { group }),
        ...(inParent === pid ? {} : { ownPid: inParent }),
      },
    ];
  });
}
