import type { Resource, Sample } from '../model/sample';
import { parsePressure } from '../procfs/pressure';
import { parseStat } from '../procfs/stat';
import type { Target } from '../target/target';
import { inTurns } from '../target/turns';
import { readSubmissions } from './aioSubmissions';
import { assemble, type Gathered } from './assembly';
import { readAwaited } from './awaited';
import { clockFiles, clocksFrom } from './clock';
import { type Descriptor, isRing } from './descriptors';
import { countAgain } from './deviceFacts';
import { findFuseServers } from './fuseServers';
import { hasOwnInode, IO_PRESSURE } from './host';
import type { MemoryGuard } from './memoryGuard';
import { stillNamed } from './namedFiles';
import { layoutOf, type WalkOptions } from './pendingSources';
import { withCalls } from './remoteMounts';
import { readRingSources } from './ringSources';
import { findRings } from './rings';
import type { Search } from './standingHolders';
import { rememberTasks, tasksRemembered } from './standingTasks';
import { readTasks, type TasksAsked } from './tasks';
import { textOf } from './text';

/** What a whole look knows beyond its Sample, for looks right after it. */
export interface Memory {
  /** Wall clock, milliseconds. */
  readonly at: number;
  readonly stacks: TasksAsked['stacks'];
  readonly descriptors: readonly Descriptor[];
  /** /proc/PID/maps. */
  readonly maps: string;
  readonly innerReader: boolean;
  readonly guard: MemoryGuard;
  readonly trouble: Gathered['trouble'];
  /** Of all processes. */
  readonly search?: Search;
}

/** Milliseconds for which files, sockets and names of a whole look stand. */
const STANDS = 1900;

/** By the list of resources, which a Sample hands on to the copies that are made of it. */
const memories = new WeakMap<readonly Resource[], Memory>();

export function rememberLook(resources: readonly Resource[], memory: Memory): void {
  memories.set(resources, memory);
}

/** What the whole look behind a Sample knows beyond it; absent where it is another inspector's, or from a file. */
export function lookRemembered({ resources }: Sample): Memory | undefined {
  return memories.get(resources);
}

/** Whether a look now may keep what that one says of files, sockets and names: not where the kernel did not answer. */
export function standsYet({ resources }: Sample): boolean {
  const memory = memories.get(resources);
  return memory !== undefined && memory.trouble.timedOut.length === 0 && Date.now() - memory.at <= STANDS;
}

/**
 * A further look at what moves, in few round trips: tasks, rings, devices. Undefined where a whole look is due: the last one
 * is too old, or tasks or descriptors have come or gone since the look before.
 */
export async function relook(
  view: Target,
  previous: Sample,
  walk: WalkOptions | false | undefined,
  signal: AbortSignal | undefined,
): Promise<Sample | undefined> {
  const memory = memories.get(previous.resources);
  if (!memory || view.frozen) return undefined;
  const target = memory.guard.before(view);
  const { pid } = previous.process;
  const tids = previous.tasks.map((task) => task.tid);
  const rings = memory.descriptors.filter(isRing);
  const takenAt = new Date().toISOString();
  const files = target.read([...clockFiles(target), IO_PRESSURE, `/proc/${pid}/stat`]);
  const clocks = files.then(clocksFrom);
  const ownInode = hasOwnInode(previous.host.kernel);
  const refusal = isWalkRefused(target, walk);
  const asked = { pid, rings, maps: memory.maps, ownInode, signal };
  const [[pressureFile, statFile], [taskList], [fdList], sources, tasks, devices, remoteMounts] =
    await Promise.all([
      files.then((all) => all.slice(-2)),
      target.list([`/proc/${pid}/task`]),
      target.list([`/proc/${pid}/fd`], { links: true }),
      refusal.then((refused) =>
        readRingSources(target, {
          ...asked,
          walk: (stoodStill(previous) || previous.aio !== undefined || refused) && walk,
        }),
      ),
      readTasks(target, {
        pid,
        tids,
        arch: target.arch,
        clocks,
        stacks: memory.stacks,
        remember: true,
        known: tasksRemembered(previous),
      }),
      countAgain(target, previous.devices ?? []),
      withCalls(target, pid, previous.remoteMounts ?? []),
    ]);
  const stat = parseStat(textOf(statFile) ?? '');
  const sameTasks = taskList?.ok && taskList.entries.length === tids.length && tasks.ended === 0;
  const links = new Map(memory.descriptors.map((descriptor) => [String(descriptor.fd), descriptor.text]));
  const sameFiles =
    fdList?.ok &&
    fdList.entries.length === links.size &&
    fdList.entries.every(({ name, link }) => links.get(name) === link);
  // Another program of the same process (exec) has another name.
  const { startTime, name } = previous.process;
  const same = stat?.startTime === startTime && stat?.comm === name;
  if (!stat || !same || !sameTasks || !sameFiles) return undefined;
  const { uptime, awake } = await clocks;
  const ioPressure = parsePressure(textOf(pressureFile) ?? '');
  const [fuseServers, submissions] = await Promise.all([
    findFuseServers(target, { resources: previous.resources, devices, clocks }),
    readSubmissions(target, pid, tasks.tasks),
  ]);
  const { mappings, rings: infos, pending, aio } = sources;
  const sample = await inTurns(
    assemble({
      takenAt,
      host: {
        ...previous.host,
        ...(uptime === undefined ? {} : { uptime }),
        ...(awake === undefined ? {} : { awake }),
        ...(ioPressure === undefined ? {} : { ioPressure }),
      },
      rights: previous.rights,
      process: { ...previous.process, state: stat.state },
      tasks,
      rings: findRings({
        pid,
        descriptors: infos.descriptors,
        mappings,
        ownInode,
        innerReader: memory.innerReader,
      }),
      pending,
      maps: memory.maps,
      aio,
      submissions,
      resources: previous.resources,
      devices,
      remoteMounts,
      awaitedLocks: previous.awaitedLocks ?? [],
      faultHandlers: previous.faultHandlers ?? [],
      fuseServers,
      cgroup: previous.cgroup,
      trouble: memory.trouble,
    }),
    signal,
  );
  rememberTasks(previous.resources, tasks.known);
  const namedFiles = stillNamed(previous, sample);
  if (namedFiles === undefined) return undefined;
  const awaited = await readAwaited(target, sample);
  return {
    ...sample,
    ...awaited,
    ...(previous.frozen ? { frozen: previous.frozen } : {}),
    ...(namedFiles.length > 0 ? { namedFiles } : {}),
    notVisible: [...sample.notVisible, ...memory.guard.blindness()],
  };
}

/** Nothing will be walked, and that is told at each look. */
async function isWalkRefused(target: Target, walk: WalkOptions | false | undefined): Promise<boolean> {
  return walk && target.kernel ? !(await layoutOf(target, walk)).ok : false;
}

/**
 * The walk before saw one moment in which something was pending: a busy process is not worth walking the kernel's lists for at each
 * look. Before 6.16 no walk can tell.
 */
function stoodStill({ rings }: Sample): boolean {
  return rings.some(({ live, inFlight }) => live !== undefined && inFlight !== 0);
}
