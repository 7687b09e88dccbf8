import type { FileCall, FuseServer } from '../model/fuseServer';
import type { Backing, BlockDevice, Resource, SystemCall, Task } from '../model/sample';
import { parseMountinfo } from '../procfs/mountinfo';
import type { Target } from '../target/target';
import type { Clocks } from './clock';
import { MountTable } from './mounts';
import { readTasks } from './tasks';
import { textOf } from './text';

const MOST_SERVERS = 4;
const MOST_TASKS = 64;
/** PATH_MAX. */
const PATH_LENGTH = 4096;

interface Asked {
  readonly resources: readonly Resource[];
  readonly devices: readonly BlockDevice[];
  readonly clocks: Clocks | Promise<Clocks>;
}

/** What the servers do that have not answered everything, of files and of the disks below them. */
export async function findFuseServers(
  target: Target,
  { resources, devices, clocks }: Asked,
): Promise<FuseServer[]> {
  const owing = new Map<number, { readonly name: string; readonly devices: Set<string> }>();
  const backings = devices.flatMap(({ backing }) => (backing ? [backing] : []));
  const layers = resources.flatMap((resource) => resource.layers ?? []);
  for (const { holder, device, waiting } of [...resources, ...layers, ...backings] satisfies Backing[]) {
    if (holder === undefined || device === undefined || waiting === 0) continue;
    const server = owing.get(holder.pid) ?? { name: holder.name, devices: new Set() };
    owing.set(holder.pid, server);
    server.devices.add(device);
  }
  return Promise.all(
    [...owing].slice(0, MOST_SERVERS).map(async ([pid, { name, devices: own }]) => {
      const tasks = await tasksOf(target, pid, clocks);
      return { pid, name, tasks, calls: await callsOf(target, pid, tasks, own) };
    }),
  );
}

async function tasksOf(target: Target, pid: number, clocks: Asked['clocks']): Promise<readonly Task[]> {
  const [list] = await target.list([`/proc/${pid}/task`]);
  if (!list?.ok) return [];
  const tids = list.entries.map(({ name }) => Number(name)).filter(Number.isInteger);
  const asked = { pid, tids: tids.slice(0, MOST_TASKS), arch: target.arch, clocks };
  return (await readTasks(target, { ...asked, stacks: 'unsure' })).tasks;
}

/** The files of the calls that tasks are inside of; `devices` = the server’s own file systems (`major:minor`). */
async function callsOf(
  target: Target,
  pid: number,
  tasks: readonly Task[],
  devices: ReadonlySet<string>,
): Promise<FileCall[]> {
  const inside = tasks.filter(({ syscall }) => syscall !== undefined);
  if (inside.length === 0) return [];
  const [[mountinfo], paths] = await Promise.all([
    target.read([`/proc/${pid}/mountinfo`]),
    Promise.all(inside.map(({ syscall }) => pathOf(target, pid, syscall))),
  ]);
  const mounts = new MountTable(parseMountinfo(textOf(mountinfo) ?? '').rows);
  return inside.flatMap(({ tid }, index) => {
    const path = paths[index];
    if (path === undefined) return [];
    const device = mounts.find(undefined, path)?.device;
    return [{ tid, path, ...(device !== undefined && devices.has(device) ? { ownMount: true } : {}) }];
  });
}

/** Calls that name their file by path, with the argument that does. */
const PATH_ARGUMENT: Readonly<Record<string, number>> = {
  open: 0,
  stat: 0,
  lstat: 0,
  access: 0,
  statfs: 0,
  truncate: 0,
  mkdir: 0,
  unlink: 0,
  rename: 0,
  getxattr: 0,
  openat: 1,
  openat2: 1,
  newfstatat: 1,
  statx: 1,
  faccessat: 1,
  faccessat2: 1,
  mkdirat: 1,
  unlinkat: 1,
  renameat2: 1,
};

/** The file a call is about: by its path argument, if that is absolute, else by the descriptor that comes first. */
async function pathOf(
  target: Target,
  pid: number,
  call: SystemCall | undefined,
): Promise<string | undefined> {
  const argument = PATH_ARGUMENT[call?.name ?? ''];
  const value = call?.args[argument ?? 0];
  if (value === undefined) return undefined;
  if (argument !== undefined) {
    const [found] = await target.memory(pid, [{ address: BigInt(value), length: PATH_LENGTH }]);
    const text = found?.ok ? found.data.toString('utf8').split('\0', 1)[0] : undefined;
    return text?.startsWith('/') ? text : undefined;
  }
  const fd = Number(value);
  if (!Number.isInteger(fd) || fd < 0 || fd >= 1 << 30) return undefined;
  const [link] = await target.link([`/proc/${pid}/fd/${fd}`]);
  return link?.ok && link.target.startsWith('/') ? link.target : undefined;
}
