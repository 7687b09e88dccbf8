import { type Freezer, readFreezers } from '../kernel/freezing';
import type { FrozenFileSystem, ProcessName, Resource, Sample, Task } from '../model/sample';
import type { ListResult } from '../probe/protocol';
import { parseComm } from '../procfs/comm';
import { parseMountinfo } from '../procfs/mountinfo';
import type { Target } from '../target/target';
import { type MountFacts, MountTable } from './mounts';
import { findHoldings } from './peers';
import { layoutOf, type WalkOptions } from './pendingSources';
import { textOf } from './text';

/** Functions in which a task waits until a file system is thawed. */
const WAITS = /^(?:percpu_rwsem_wait|__percpu_down_read|__sb_start_write|percpu_down_read)(?:\.|$)/;
/** Programs that freeze file systems: for snapshots, backups and by hand. */
const FREEZERS =
  /^(?:fsfreeze|xfs_freeze|qemu-ga|dmsetup|lvm|lvcreate|lvconvert|lvs|vzdump|snapper|veeam\w*)$/;
/** File systems that cannot be frozen. */
const NEVER_FROZEN =
  /^(?:proc|sysfs|devtmpfs|devpts|tmpfs|cgroup2?|tracefs|debugfs|mqueue|bpf|fuse.*|nfs.*|cifs|smb3|9p|overlay|ramfs)$/;
/** Mounts that are looked at, and processes whose names are. */
const MOST_MOUNTS = 16;
const MOST_PROCESSES = 5000;

interface Candidate extends MountFacts {
  /** A descriptor of a file on it. */
  readonly fd?: number;
}

/**
 * The frozen file systems that tasks wait for. The kernel's memory tells which are frozen and on whose account; without it one is
 * named only where no other comes into question.
 */
export async function findFrozen(
  target: Target,
  sample: Sample,
  mountinfo: string,
  processes: ListResult | undefined,
  walk: WalkOptions | false | undefined,
): Promise<FrozenFileSystem[]> {
  const tasks = sample.tasks.filter(isHeld);
  if (tasks.length === 0) return [];
  const mounts = candidates(sample, tasks, new MountTable(parseMountinfo(mountinfo).rows));
  const told = await freezersOf(target, sample.process.pid, mounts, walk);
  const frozen = mounts.filter(({ fd }) => (fd !== undefined && told ? told.has(fd) : mounts.length === 1));
  if (frozen.length === 0) return [];
  const suspects = await suspectsFor(target, processes, frozen);
  return frozen.map(({ fd, mount, fsType, source, device }, index) => {
    const by = fd === undefined ? undefined : told?.get(fd);
    return { mount, fsType, source, device, ...(by ? { by } : {}), suspects: suspects[index] ?? [] };
  });
}

function isHeld({ state, wchan, kernelStack }: Task): boolean {
  if (state !== 'D') return false;
  return kernelStack ? kernelStack.some((frame) => WAITS.test(frame.function)) : WAITS.test(wchan ?? '');
}

/** By what the held tasks name, path or descriptor; where one names nothing by all open files. Each file system once. */
function candidates({ resources, requests }: Sample, tasks: readonly Task[], table: MountTable): Candidate[] {
  const byFd = new Map(resources.map((resource) => [resource.fd, resource]));
  const found = new Map<string, Candidate>();
  const add = (facts: MountFacts | undefined, fd?: number) => {
    if (!facts || NEVER_FROZEN.test(facts.fsType) || found.size >= MOST_MOUNTS) return;
    const known = found.get(facts.device);
    if (known?.fd === undefined)
      found.set(facts.device, fd === undefined ? (known ?? facts) : { ...facts, fd });
  };
  const addFile = (resource: Resource | undefined) => {
    if (resource) add(factsOf(resource), resource.fd);
  };
  const carried = new Map<number, number[]>();
  for (const { worker, state, fd } of requests) {
    if (worker !== undefined && state === 'running' && fd != null)
      carried.set(worker, [...(carried.get(worker) ?? []), fd]);
  }
  let unnamed = false;
  for (const { tid, syscall } of tasks) {
    const fds = carried.get(tid) ?? [];
    const path = syscall?.path;
    if (fds.length > 0) for (const fd of fds) addFile(byFd.get(fd));
    else if (path?.startsWith('/')) add(table.find(undefined, path));
    else if (/^(p?write|f(?:sync|datasync|allocate|truncate))/.test(syscall?.name ?? ''))
      addFile(byFd.get(Number(syscall?.args[0])));
    else unnamed = true;
  }
  if (unnamed) for (const resource of resources) if (resource.fd > 2) addFile(resource);
  // A path has no descriptor of its own: any on the same file system leads to it.
  for (const resource of resources) if (found.has(resource.device ?? '')) addFile(resource);
  return [...found.values()];
}

function factsOf({ mount, fsType, source, device }: Resource): MountFacts | undefined {
  if (mount === undefined || fsType === undefined || device === undefined) return undefined;
  return { mount, fsType, source: source ?? '', device };
}

async function freezersOf(
  target: Target,
  pid: number,
  mounts: readonly Candidate[],
  walk: WalkOptions | false | undefined,
): Promise<ReadonlyMap<number, Freezer | undefined> | undefined> {
  const fds = mounts.flatMap(({ fd }) => (fd === undefined ? [] : [fd]));
  if (!target.kernel || walk === false || fds.length === 0) return undefined;
  const opened = await layoutOf(target, walk ?? {});
  return opened.ok ? readFreezers(target, opened.layout, pid, fds) : undefined;
}

/** For each mount the processes that freeze by trade or have its root directory open, which fsfreeze has while it freezes. */
async function suspectsFor(
  target: Target,
  processes: ListResult | undefined,
  mounts: readonly Candidate[],
): Promise<ProcessName[][]> {
  if (!processes?.ok) return [];
  const pids = processes.entries.flatMap(({ name }) => (/^\d+$/.test(name) ? [Number(name)] : []));
  const listed = pids.slice(0, MOST_PROCESSES);
  const [comms, holdings] = await Promise.all([
    target.read(listed.map((pid) => `/proc/${pid}/comm`)),
    findHoldings(
      target,
      processes,
      mounts.map(({ mount }) => mount),
    ),
  ]);
  const names = new Map(listed.map((pid, index) => [pid, parseComm(textOf(comms[index]) ?? '') ?? '?']));
  return mounts.map(({ mount }) => {
    const holders = new Set(holdings.filter(({ link }) => link === mount).map(({ pid }) => pid));
    return [...names].flatMap(([pid, name]) =>
      holders.has(pid) || FREEZERS.test(name) ? [{ pid, name }] : [],
    );
  });
}
