import type { Request, Resource, Sample, Task } from '../model/sample';
import { argumentOf } from '../procfs/syscall';
import { pathArguments } from '../procfs/syscallPaths';
import { cString } from '../ring/operands/words';
import type { Target } from '../target/target';
import { NOW } from './pointers';
import { familyOf } from './requests/unplaced';

/** One path as it was given: from which directory, and whether it was read after the kernel had taken it. */
export interface GivenPath {
  readonly path: string;
  /** A descriptor; absent = the current directory of the task. */
  readonly directory?: number;
  readonly later?: boolean;
}

/** The paths of what a task is inside of, one or two. `sure` = false: of several like requests it may have another one. */
export interface GivenPaths {
  readonly task: Task;
  readonly paths: readonly GivenPath[];
  readonly sure: boolean;
}

/** Tasks that are looked at, and bytes of a path. */
const MOST_TASKS = 256;
const PATH_BYTES = 1024;
/** Requests that a worker may have any of, that are looked at. */
const MOST_ALIKE = 1000;

export const AT_FDCWD = -100;

/** Operations of io_uring that name their file by a path. */
const BY_PATH = /^(?:OPENAT2?|STATX|RENAMEAT|UNLINKAT|MKDIRAT|SYMLINKAT|LINKAT|GETXATTR|SETXATTR)$/;

/** The tasks that wait inside of something which names its file by a path. */
export function tasksByPath({ tasks, requests }: Pick<Sample, 'tasks' | 'requests'>): Task[] {
  const carriers = new Set(
    requests.flatMap(({ operation, state, worker }) =>
      state === 'running' && worker !== undefined && BY_PATH.test(operation) ? [worker] : [],
    ),
  );
  return tasks
    .filter(
      ({ tid, state, syscall }) =>
        // Since when it waits is no help: the clocks of two processors may differ by a second.
        state !== 'R' && (carriers.has(tid) || pathArguments(syscall?.name ?? '').length > 0),
    )
    .slice(0, MOST_TASKS);
}

/** What such tasks name: of requests from their rows, of system calls from the program's memory. */
export async function readGivenPaths(
  target: Target,
  pid: number,
  tasks: readonly Task[],
  requests: readonly Request[],
): Promise<GivenPaths[]> {
  const carried = tasks.flatMap((task) => carriedPaths(task, requests));
  const known = new Set(carried.map(({ task }) => task.tid));
  const called = await readArguments(
    target,
    pid,
    tasks.filter(({ tid }) => !known.has(tid)),
  );
  return [...carried, ...called];
}

function carriedPaths(task: Task, requests: readonly Request[]): GivenPaths[] {
  const request = requests.find(({ state, worker }) => state === 'running' && worker === task.tid);
  if (!request || !BY_PATH.test(request.operation)) return [];
  // A worker that is only guessed may have any like it that is queued, or that is guessed to be in another one.
  const alike = request.inferred?.includes('worker')
    ? requests.filter(
        (other) =>
          other !== request &&
          other.inferred?.includes('state') &&
          (other.state === 'queued' || other.state === 'running') &&
          familyOf(other.operation) === familyOf(request.operation),
      )
    : [];
  if (alike.length > MOST_ALIKE) return [];
  return [
    { task, paths: pathsOf(request), sure: alike.length === 0 },
    ...alike.map((other) => ({ task, paths: pathsOf(other), sure: false })),
  ].filter(({ paths }) => paths.length > 0);
}

function pathsOf(request: Request): GivenPath[] {
  const first = pathOf(request, '');
  const second = pathOf(request, 'new ');
  return [first, second].filter((path) => path !== undefined);
}

function pathOf({ path, fd, operands = [], sources }: Request, which: '' | 'new '): GivenPath | undefined {
  const value = (name: string) => operands.find((operand) => operand.name === name)?.value;
  const own = /^fd (\d+)$/.exec(value(`${which}directory`) ?? '')?.[1];
  const directory =
    own === undefined ? (which === '' && typeof fd === 'number' ? fd : undefined) : Number(own);
  const from = directory === undefined ? {} : { directory };
  const walked = which === '' && sources.includes('kernel walk') ? path : undefined;
  const exact = walked ?? value(`${which}path`);
  if (exact !== undefined) return { path: exact, ...from };
  const now = value(`${which}path${NOW}`);
  return now === undefined || isForeign(now) ? undefined : { path: now, ...from, later: true };
}

/** The program has used that memory for something else. */
function isForeign(text: string): boolean {
  return /[\0-\x1f\x7f\ufffd]/.test(text);
}

async function readArguments(target: Target, pid: number, tasks: readonly Task[]): Promise<GivenPaths[]> {
  const wanted = tasks.flatMap((task) =>
    pathArguments(task.syscall?.name ?? '').map((argument) => ({ task, argument })),
  );
  if (wanted.length === 0) return [];
  const word = (task: Task, index: number) => argumentOf(task.syscall?.args ?? [], index);
  const results = await target.memory(
    pid,
    wanted.map(({ task, argument }) => ({ address: word(task, argument.path), length: PATH_BYTES })),
    { limit: PATH_BYTES },
  );
  const found = new Map<Task, GivenPath[]>();
  for (const [index, { task, argument }] of wanted.entries()) {
    const result = results[index];
    // Without a path the descriptor itself is meant (AT_EMPTY_PATH; since 6.11 the pointer may be zero).
    const path = word(task, argument.path) === 0n ? '' : result?.ok ? cString(result.data) : undefined;
    if (path === undefined) continue;
    const at =
      argument.directory === undefined
        ? undefined
        : Number(BigInt.asIntN(32, word(task, argument.directory)));
    const given = { path, ...(at === undefined || at === AT_FDCWD ? {} : { directory: at }) };
    found.set(task, [...(found.get(task) ?? []), given]);
  }
  return [...found].map(([task, paths]) => ({ task, paths, sure: true }));
}

/** The directory that a path starts from, as the process sees it: links in /proc are told from the reader's root. */
export function startOf(
  { directory }: GivenPath,
  current: string | undefined,
  resources: readonly Resource[],
  root: string,
): string | undefined {
  const from = directory === undefined ? current : resources.find(({ fd }) => fd === directory)?.path;
  if (from === undefined || !from.startsWith('/') || root === '/') return from;
  if (from === root) return '/';
  return from.startsWith(`${root}/`) ? from.slice(root.length) : undefined;
}

/**
 * The path from the root, `.` and `..` taken out by their letters, no link followed; undefined where it starts from a
 * directory that is not known. An empty one is the directory itself.
 */
export function absolutePath({ path }: GivenPath, start: string | undefined): string | undefined {
  if (path.startsWith('/')) return normal(path);
  if (start === undefined || !start.startsWith('/')) return undefined;
  return path === '' ? start : normal(`${start}/${path}`);
}

function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
