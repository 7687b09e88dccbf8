import { confinementOf } from '../kernel/confinement';
import type { WalkBegun } from '../kernel/walk';
import { UserError } from '../model/errors';
import type { Process, Sample } from '../model/sample';
import { parseCgroup } from '../procfs/cgroup';
import { parseCmdline } from '../procfs/cmdline';
import { parseMountinfo } from '../procfs/mountinfo';
import { parseStat, type Stat } from '../procfs/stat';
import { parseStatus, type Status } from '../procfs/status';
import type { Target } from '../target/target';
import { inTurns } from '../target/turns';
import { readSubmissions } from './aioSubmissions';
import { withArmedPolls } from './armedPolls';
import { assemble } from './assembly';
import { readAwaited } from './awaited';
import { ITS_MEMORY } from './blindness';
import { readCgroup } from './cgroup';
import { clockFiles, clocksFrom } from './clock';
import { findContainer, isInnerReader, namespaceLinks, namespacesFrom } from './container';
import { type CrowdFacts, readCrowdFacts } from './crowd';
import { bareDescriptors, isRing, readDescriptors } from './descriptors';
import { findFaultHandlers } from './faultHandlers';
import { foreseen } from './foreseenLooks';
import { findFrozen } from './frozen';
import { findFuseServers } from './fuseServers';
import { protocolsOf, readResources } from './holdings';
import { HOST_FILES, hasOwnInode, hostFrom } from './host';
import { findAwaitedLocks } from './locks';
import { MemoryGuard } from './memoryGuard';
import { withNamedFiles } from './namedFiles';
import { findOtherEnds } from './otherEnds';
import { HolderSearch, soughtLinks } from './peers';
import { beginWalking, type WalkOptions } from './pendingSources';
import { noSuchProcess, processGone, refusalOf } from './refusals';
import { lookRemembered, relook, rememberLook, standsYet } from './relook';
import { withRequestAges } from './requestAges';
import { withRates } from './ringRates';
import { type RingSources, readRingSources } from './ringSources';
import { findRings } from './rings';
import { knownLately, searchIsDue, searchOf } from './standingHolders';
import { rememberTasks, tasksRemembered } from './standingTasks';
import { readTasks } from './tasks';
import { errnoOf, textOf } from './text';

export interface SampleOptions {
  readonly signal?: AbortSignal;
  /** A look at the same process a moment ago: what it learned of other processes is not searched for again. */
  readonly previous?: Sample | undefined;
  /** How the kernel's own structures are walked; false = not at all. */
  readonly walk?: WalkOptions | false;
}

/** USER_HZ: the unit of /proc/PID/stat's times is 1/100 s on every architecture Linux runs io_uring on. */
const TICKS_PER_SECOND = 100;

const PROCESS_FILES = ['stat', 'status', 'cgroup', 'mountinfo', 'stack'] as const;

/** Milliseconds for what takes the lock of the process's memory map alone, which may never be free. */
const LOCK_DEADLINE = 500;

/**
 * One look at one process: everything /proc tells about it, without findings. Rejects with a UserError when
 * there is nothing to inspect; what could not be read stands in `notVisible`.
 */
export async function takeSample(target: Target, pid: number, options: SampleOptions = {}): Promise<Sample> {
  const { previous, walk = {} } = options;
  const searches = walk !== false && walk.search !== undefined;
  const again =
    previous && !searches && standsYet(previous)
      ? await foreseen(target, pid, previous, 'further', (view) =>
          relook(view, previous, walk, options.signal),
        )
      : undefined;
  checkCancelled(options.signal);
  const kind = previous && !searchIsDue(previous) ? 'whole' : 'searching';
  const whole = () =>
    foreseen(target, pid, searches ? undefined : previous, kind, (view) => lookAfresh(view, pid, options));
  const sample = withRates(again ?? (await whole()), previous);
  return withRequestAges(withArmedPolls(sample, previous), previous);
}

async function lookAfresh(view: Target, pid: number, options: SampleOptions): Promise<Sample> {
  const takenAt = (view.takenAt ?? new Date()).toISOString();
  // Asked for in the first turn, and not waited for in it: the lock of the process's memory may never be free.
  const maps = view.read([`/proc/${pid}/maps`], { limit: MAPS_LIMIT });
  maps.catch(() => undefined);
  const begun = options.walk === false ? undefined : beginWalking(view, pid, options.walk ?? {});
  begun?.catch(() => undefined);
  const [files, lists, fdLists, [executable, ...namespaceTexts], [cmdline]] = await Promise.all([
    view.read([...HOST_FILES, ...PROCESS_FILES.map((file) => `/proc/${pid}/${file}`), ...clockFiles(view)]),
    view.list([`/proc/${pid}/task`, '/proc']),
    view.list([`/proc/${pid}/fd`], { links: true }),
    view.link([`/proc/${pid}/exe`, ...namespaceLinks(view, pid)]),
    // The last of them: while it hangs nothing else waits, and the probe asks for no memory of the process after it.
    view.read([`/proc/${pid}/cmdline`], { deadline: LOCK_DEADLINE }),
  ]);
  checkCancelled(options.signal);
  const guard = new MemoryGuard(view, {
    pid,
    maps: maps.then(([file]) => textOf(file)),
    mountinfo: textOf(files[HOST_FILES.length + PROCESS_FILES.indexOf('mountinfo')]),
  });
  const target = guard.before(view);
  const clocks = clocksFrom(files.slice(HOST_FILES.length + PROCESS_FILES.length));
  const host = hostFrom(files.slice(0, HOST_FILES.length), target.arch, clocks);
  const [statFile, statusFile, cgroup, mountinfo, stackFile] = files.slice(HOST_FILES.length);
  const stat = parseStat(textOf(statFile) ?? '');
  if (!stat) throw noSuchProcess(pid, target.label);
  const status = parseStatus(textOf(statusFile) ?? '');
  if (status.tgid !== undefined && status.tgid !== pid) return takeSample(target, status.tgid, options);
  const [taskList, processes] = lists;
  const tids = taskList?.ok
    ? taskList.entries.map((entry) => Number(entry.name)).filter(Number.isInteger)
    : [pid];
  const refusal = refusalOf(stat, status, tids.length);
  if (refusal) throw refusal;

  const before = options.previous?.process.startTime === stat.startTime ? options.previous : undefined;
  // Asked for before the tasks, so that it is answered and understood while those are read.
  const fdList = fdLists[0] ?? { ok: false as const, errno: 'ENOENT' };
  const bare = bareDescriptors(fdList);
  const described = readDescriptors(target, pid, fdList);
  const ringDescriptors = bare.filter(isRing);
  const { rows } = parseMountinfo(textOf(mountinfo) ?? '');
  const ownInode = hasOwnInode(host.kernel);
  const sought = soughtLinks(bare, rows, ownInode);
  const lately = await knownLately(target, before, clocks.uptime, { processes, sought });
  const known = {
    resources: lately?.resources ?? [],
    servers: lately?.devices ?? [],
    devices: options.previous?.devices ?? [],
    protocols: protocolsOf(before?.resources ?? []),
  };
  const holders = new HolderSearch(target, processes, lately ? [] : sought);
  const { search, ...plainly } = options.walk || {};
  const readRings = (walk: WalkOptions | false, begun?: Promise<WalkBegun | undefined>) =>
    maps.then(([file]) =>
      readRingSources(target, {
        pid,
        rings: ringDescriptors,
        maps: textOf(file) ?? '',
        ownInode,
        walk,
        signal: options.signal,
        ...(begun === undefined ? {} : { begun }),
      }),
    );
  const cgroups = parseCgroup(textOf(cgroup) ?? '').rows;
  const namespaces = namespacesFrom(namespaceTexts);
  const innerReader = isInnerReader(target, namespaces);
  const ringSources = readRings(options.walk === false ? false : plainly, begun);
  const stackErrno = errnoOf(stackFile);
  const stacks = stackFile?.ok
    ? 'readable'
    : stackErrno === 'EACCES' || stackErrno === 'EPERM'
      ? 'refused'
      : 'unsure';
  const [tasksFound, holdings, sources, [mapsFile], group, container] = await Promise.all([
    readTasks(target, {
      pid,
      tids: tids.sort((a, b) => a - b),
      arch: target.arch,
      clocks,
      stacks,
      remember: !target.frozen,
      known: tasksRemembered(before),
    }),
    readResources(target, pid, { bare, described, rows, search: holders, known, ownInode }),
    ringSources,
    maps,
    readCgroup(target, cgroups),
    findContainer(target, {
      cgroups,
      nsPid: status.nsPid,
      namespaces,
      mountinfo: textOf(mountinfo) ?? '',
    }),
  ]);
  const { devices, remoteMounts, missingSockets } = holdings;
  const { tasks } = tasksFound;
  const [{ resources, locks }, faultHandlers, fuseServers, submissions, crowd] = await Promise.all([
    findAwaitedLocks(target, pid, holdings.resources, tasks),
    findFaultHandlers(target, tasks, processes),
    findFuseServers(target, { resources: holdings.resources, devices, clocks }),
    readSubmissions(target, pid, tasks),
    readCrowdFacts(target, pid, tasks),
  ]);
  const { descriptors, refused: fdErrno, timedOut: silent } = await described;
  checkCancelled(options.signal);
  if (tasksFound.tasks.length === 0) throw processGone(pid);

  const owner = status.uids?.[1];
  const mapsErrno = errnoOf(mapsFile);
  if (fdErrno === 'ENOENT' && mapsErrno !== undefined && !target.frozen) throw processGone(pid);
  const confinement = stacks === 'refused' ? await confinementOf(target) : undefined;
  const trouble = {
    pid,
    uid: target.rights.uid,
    ...(owner === undefined ? {} : { owner }),
    ...(stackErrno === undefined ? {} : { stackErrno }),
    ...(confinement === undefined ? {} : { confinement }),
    ...(fdErrno === undefined ? {} : { fdErrno }),
    ...(mapsErrno === undefined ? {} : { mapsErrno }),
    timedOut: [
      ...(hangs(errnoOf(cmdline)) ? ['its command line', ITS_MEMORY] : []),
      ...[...silent, ...sources.rings.timedOut].map((fd) => `fdinfo of descriptor ${fd}`),
    ],
    missingSockets,
    captured: target.frozen,
    memoryOff: target.processMemory === false,
  };
  const withRings = ({ mappings, rings, pending, aio }: RingSources): Promise<Sample> =>
    inTurns(
      assemble({
        takenAt,
        host,
        rights: {
          uid: target.rights.uid,
          kernelStacks: stackFile?.ok === true,
          kernelWalk: false,
          tracing: false,
        },
        process: processFrom(stat, status, {
          command: parseCmdline(textOf(cmdline) ?? ''),
          executable: executable?.ok ? executable.target : undefined,
          container: cgroup?.ok || container !== null ? container : undefined,
          uptime: host.uptime,
          crowd,
        }),
        tasks: tasksFound,
        rings: findRings({
          pid,
          descriptors: rings.descriptors,
          mappings,
          ownInode,
          innerReader,
        }),
        pending,
        maps: textOf(mapsFile) ?? '',
        aio,
        submissions,
        resources,
        devices,
        remoteMounts,
        awaitedLocks: locks,
        faultHandlers,
        fuseServers,
        cgroup: group,
        trouble,
      }),
      options.signal,
    );
  const sample = await withRings(sources);
  const still = sources.pending.walk?.consistent === true;
  const wanting =
    sample.rings.some(({ lost, ambiguous }) => lost || (ambiguous && still)) ||
    sample.aio?.some(({ pending, requests }) => (pending ?? 0) > requests.length);
  const whole =
    search && sample.rights.kernelWalk && wanting
      ? await withRings(await readRings({ ...plainly, search }))
      : sample;
  const [ends, frozen, named, awaited] = await Promise.all([
    findOtherEnds(target, whole, { processes, tcp: holdings.tcp, known: lately?.resources ?? [] }),
    findFrozen(target, whole, textOf(mountinfo) ?? '', processes, options.walk),
    withNamedFiles(target, whole, {
      mountinfo: textOf(mountinfo) ?? '',
      processes,
      ownInode,
    }),
    readAwaited(target, whole),
  ]);
  rememberTasks(ends.resources, tasksFound.known);
  const searched = searchOf(processes, clocks.uptime, lately && lookRemembered(lately)?.search);
  rememberLook(ends.resources, {
    ...(searched === undefined ? {} : { search: searched }),
    at: Date.now(),
    stacks,
    descriptors,
    maps: textOf(mapsFile) ?? '',
    innerReader,
    guard,
    trouble: { ...trouble, otherEnds: ends.blind },
  });
  return {
    ...named,
    ...awaited,
    resources: ends.resources,
    ...(frozen.length > 0 ? { frozen } : {}),
    notVisible: [...named.notVisible, ...ends.blind, ...guard.blindness()],
  };
}

/** Bytes of /proc/PID/maps: about 500,000 mappings. */
const MAPS_LIMIT = 64 << 20;

interface ProcessFacts {
  readonly command: readonly string[];
  readonly executable: string | undefined;
  readonly container: string | null | undefined;
  readonly uptime: number | undefined;
  readonly crowd: CrowdFacts;
}

function processFrom(stat: Stat, status: Status, facts: ProcessFacts): Process {
  const { executable, container, uptime } = facts;
  const uid = status.uids?.[1];
  const tracer = status.tracerPid;
  const age = uptime === undefined ? undefined : Math.max(0, uptime - stat.startTime / TICKS_PER_SECOND);
  return {
    pid: stat.pid,
    startTime: stat.startTime,
    name: stat.comm,
    command: facts.command,
    state: stat.state,
    ...(executable === undefined ? {} : { executable }),
    ...(container === undefined ? {} : { container }),
    ...(uid === undefined ? {} : { uid }),
    ...(tracer ? { tracer } : {}),
    ...(status.nsPid && status.nsPid.length > 1 ? { namespacePids: status.nsPid } : {}),
    ...(status.cpusAllowedList === undefined ? {} : { cpusAllowed: status.cpusAllowedList }),
    ...facts.crowd,
    ...(age === undefined ? {} : { age: Math.round(age * 100) / 100 }),
  };
}

/** EBUSY: such a read hangs already, so that the probe tries no more of them. */
function hangs(errno: string | undefined): boolean {
  return errno === 'ETIMEDOUT' || errno === 'EBUSY';
}

function checkCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new UserError('cancelled', 'The inspection was cancelled.', 'You asked for it.');
}
