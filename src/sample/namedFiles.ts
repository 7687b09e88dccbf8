import type { NamedFile, Resource, Sample, Task } from '../model/sample';
import type { ListResult } from '../probe/protocol';
import { parseMountinfo } from '../procfs/mountinfo';
import type { Target } from '../target/target';
import { surroundingsOf } from './holdings';
import { MountTable } from './mounts';
import { absolutePath, type GivenPaths, readGivenPaths, startOf, tasksByPath } from './namedPaths';
import { HolderSearch } from './peers';

export interface NamedFilesAsked {
  /** /proc/PID/mountinfo. */
  readonly mountinfo: string;
  /** A listing of /proc. */
  readonly processes: ListResult | undefined;
  readonly ownInode: boolean;
}

/**
 * The Sample with what its waiting tasks name by a path: the mount by the longest of the process's own mounts that the path
 * lies below, its server and its disks. Nothing is opened and no path is followed: a link on the way leads astray.
 */
export async function withNamedFiles(
  target: Target,
  sample: Sample,
  { mountinfo, processes, ownInode }: NamedFilesAsked,
): Promise<Sample> {
  const tasks = tasksByPath(sample);
  if (tasks.length === 0) return sample;
  const { pid } = sample.process;
  const [given, [rootLink, ...currents]] = await Promise.all([
    readGivenPaths(target, pid, tasks, sample.requests),
    target.link([`/proc/${pid}/root`, ...tasks.map(({ tid }) => `/proc/${pid}/task/${tid}/cwd`)]),
  ]);
  const root = rootLink?.ok ? rootLink.target : '/';
  const current = new Map(
    tasks.map(({ tid }, index) => {
      const link = currents[index];
      return [tid, link?.ok ? link.target : undefined] as const;
    }),
  );
  const { rows } = parseMountinfo(mountinfo);
  const mounts = new MountTable(rows);
  const bare = tasks.flatMap((task) => {
    const own = given.filter((one) => one.task === task);
    return (
      bareFile(task, own, mounts, (path) =>
        absolutePath(path, startOf(path, current.get(task.tid), sample.resources, root)),
      ) ?? []
    );
  });
  if (bare.length === 0) return sample;
  const files = bare.map(
    ({ task: _, later: __, newPath: ___, ...file }, index): Resource => ({
      ...file,
      fd: -1 - index,
      kind: file.path?.startsWith('/dev/') ? 'device' : 'file',
    }),
  );
  const found = await surroundingsOf(target, pid, files, {
    rows,
    mounts,
    search: new HolderSearch(target, processes),
    known: { resources: [], servers: [], devices: sample.devices ?? [] },
    ownInode,
  });
  return {
    ...sample,
    namedFiles: bare.map((file, index): NamedFile => {
      const { blockDevice, holder, waiting, layers } = found.resources[index] ?? {};
      return {
        ...file,
        ...(blockDevice === undefined ? {} : { blockDevice }),
        ...(holder ? { holder } : {}),
        ...(waiting === undefined ? {} : { waiting }),
        ...(layers ? { layers } : {}),
      };
    }),
    devices: added(sample.devices ?? [], found.devices, ({ name }) => name),
    ...(found.remoteMounts.length > 0
      ? { remoteMounts: added(sample.remoteMounts ?? [], found.remoteMounts, ({ mount }) => mount) }
      : {}),
  };
}

/** Of one task; where it may be one of several, only the mount that all of them share. */
function bareFile(
  { tid }: Task,
  given: readonly GivenPaths[],
  mounts: MountTable,
  resolve: (path: GivenPaths['paths'][number]) => string | undefined,
): NamedFile | undefined {
  const all = given.map(({ paths }) => paths.map(resolve));
  const [first] = all;
  if (!first) return undefined;
  const facts = all.map((paths) =>
    mounts.find(
      undefined,
      paths.find((path) => path !== undefined),
    ),
  );
  const [mount] = facts;
  const shared = mount && facts.every((one) => one?.mount === mount.mount) ? mount : undefined;
  const same = all.every((paths) => paths.join('\n') === first.join('\n'));
  if (!same && !given.every(({ sure }) => sure)) return shared && { task: tid, ...shared };
  const [path, newPath] = first;
  const named = path ?? newPath;
  if (named === undefined) return undefined;
  const later = given.some(({ paths }) => paths.some((one) => one.later === true));
  return {
    task: tid,
    path: named,
    ...(path === undefined || newPath === undefined ? {} : { newPath }),
    ...(later ? { later } : {}),
    ...shared,
  };
}

function added<T>(before: readonly T[], more: readonly T[], key: (one: T) => string): T[] {
  const known = new Set(before.map(key));
  return [...before, ...more.filter((one) => !known.has(key(one)))];
}

/** What a look a moment ago found stands for tasks that have not run since; undefined where a task waits with something new. */
export function stillNamed(
  before: Sample,
  now: Pick<Sample, 'tasks' | 'requests'>,
): readonly NamedFile[] | undefined {
  const ran = new Map(before.tasks.map(({ tid, lastRan }) => [tid, lastRan]));
  const looked = new Set(tasksByPath(before).map(({ tid }) => tid));
  const tasks = tasksByPath(now);
  const stands = ({ tid, lastRan }: Task) =>
    looked.has(tid) && lastRan !== undefined && ran.get(tid) === lastRan;
  if (!tasks.every(stands)) return undefined;
  const tids = new Set(tasks.map(({ tid }) => tid));
  return (before.namedFiles ?? []).filter(({ task }) => tids.has(task));
}
