import { UserError } from '../model/errors';
import type { ProcessSummary } from '../model/process';
import { parseCgroup } from '../procfs/cgroup';
import { parseCmdline } from '../procfs/cmdline';
import { parseIoUringFdinfo } from '../procfs/ioUringFdinfo';
import { parseSched } from '../procfs/sched';
import { parseStat, type Stat } from '../procfs/stat';
import { parseStatus } from '../procfs/status';
import type { Target } from '../target/target';
import { clockFiles, clocksFrom } from './clock';
import { findContainers } from './container';
import { countInFlight } from './ringCount';
import { textOf } from './text';

export interface ListOptions {
  /** Every process of a program; otherwise only those that hold io_uring or have a task blocked in I/O. */
  readonly all?: boolean;
  readonly signal?: AbortSignal;
}

const RING_LINK = 'anon_inode:[io_uring]';
/** USER_HZ. */
const TICKS_PER_SECOND = 100;
/** A blocked task younger than this is everyday I/O. Seconds. */
const BLOCKED_LONG = 1;

interface Candidate {
  readonly pid: number;
  readonly stat: Stat;
  readonly tids: readonly number[];
  rings?: number;
  pending?: number;
  uninterruptible: number;
  blocked?: number;
}

/** The processes worth inspecting, the most stuck first. Kernel threads and zombies are never among them. */
export async function listProcesses(target: Target, options: ListOptions = {}): Promise<ProcessSummary[]> {
  const [proc] = await target.list(['/proc']);
  if (!proc?.ok) {
    throw new UserError(
      'not-permitted',
      `The processes of ${target.label} cannot be listed.`,
      `/proc: ${proc && !proc.ok ? proc.errno : 'no answer'}.`,
      'Give a PID instead.',
    );
  }
  const pids = proc.entries.map((entry) => entry.name).filter((name) => /^\d+$/.test(name));
  const [stats, clockResults] = await Promise.all([
    target.read(pids.map((pid) => `/proc/${pid}/stat`)),
    target.read(clockFiles(target)),
  ]);
  const { uptime, scheduler } = clocksFrom(clockResults);
  const candidates: Candidate[] = [];
  pids.forEach((pid, index) => {
    const stat = parseStat(textOf(stats[index]) ?? '');
    if (!stat || stat.kernelThread || stat.state === 'Z' || stat.state === 'X') return;
    candidates.push({ pid: Number(pid), stat, tids: [], uninterruptible: 0 });
  });
  options.signal?.throwIfAborted();
  await Promise.all([addRings(target, candidates), addBlocked(target, candidates, scheduler)]);
  options.signal?.throwIfAborted();
  const wanted = options.all
    ? candidates
    : candidates.filter((c) => (c.rings ?? 0) > 0 || c.uninterruptible > 0);
  const rows = await describe(target, wanted, uptime);
  return rows.sort((a, b) => b.score - a.score || a.pid - b.pid);
}

async function addRings(target: Target, candidates: readonly Candidate[]): Promise<void> {
  const lists = await target.list(
    candidates.map(({ pid }) => `/proc/${pid}/fd`),
    { only: [RING_LINK] },
  );
  const holders = candidates.flatMap((candidate, index) => {
    const list = lists[index];
    if (!list?.ok) return [];
    candidate.rings = list.entries.length;
    return candidate.rings === 0 ? [] : [{ candidate, fds: list.entries.map(({ name }) => name) }];
  });
  const counts = await countInFlight(
    target,
    holders.map(({ candidate, fds }) => ({ pid: candidate.pid, rings: fds.length })),
  );
  holders.forEach(({ candidate }, index) => {
    const count = counts[index];
    if (count !== undefined) candidate.pending = count;
  });
  await addPrinted(
    target,
    holders.filter((_, index) => counts[index] === undefined),
  );
}

/** Where the rings' memory does not tell, fdinfo may. */
async function addPrinted(
  target: Target,
  holders: readonly { readonly candidate: Candidate; readonly fds: readonly string[] }[],
): Promise<void> {
  const rings = holders.flatMap(({ candidate, fds }) =>
    fds.map((fd) => ({ candidate, path: `/proc/${candidate.pid}/fdinfo/${fd}` })),
  );
  const infos = await target.read(rings.map(({ path }) => path));
  rings.forEach(({ candidate }, index) => {
    const { counters, overflow, polls } = parseIoUringFdinfo(textOf(infos[index]) ?? '');
    if (!counters) return;
    const posted = counters.cachedCqTail ?? counters.cqTail;
    const inFlight = ((counters.cachedSqHead ?? counters.sqHead) - posted - overflow.length) | 0;
    candidate.pending = (candidate.pending ?? 0) + Math.max(inFlight, polls.length);
  });
}

/** Looks at every task: a worker blocked for ever leaves its process's own state at S. */
async function addBlocked(
  target: Target,
  candidates: readonly Candidate[],
  now: number | undefined,
): Promise<void> {
  const threaded = candidates.filter(({ stat }) => stat.threads > 1);
  const lists = await target.list(threaded.map(({ pid }) => `/proc/${pid}/task`));
  const tasks: { candidate: Candidate; path: string }[] = candidates
    .filter(({ stat }) => stat.threads <= 1)
    .map((candidate) => ({ candidate, path: `/proc/${candidate.pid}/task/${candidate.pid}` }));
  threaded.forEach((candidate, index) => {
    const list = lists[index];
    if (!list?.ok) return;
    for (const { name } of list.entries)
      tasks.push({ candidate, path: `/proc/${candidate.pid}/task/${name}` });
  });
  const stats = await target.read(tasks.map(({ path }) => `${path}/stat`));
  const held = tasks.filter((_, index) => parseStat(textOf(stats[index]) ?? '')?.state === 'D');
  const scheds = await target.read(held.map(({ path }) => `${path}/sched`));
  held.forEach(({ candidate }, index) => {
    candidate.uninterruptible++;
    const since = parseSched(textOf(scheds[index]) ?? '')?.execStart;
    if (since === undefined || now === undefined) return;
    candidate.blocked = Math.max(candidate.blocked ?? 0, now - since);
  });
}

const FILES = ['cmdline', 'status', 'cgroup'] as const;

async function describe(
  target: Target,
  candidates: readonly Candidate[],
  uptime: number | undefined,
): Promise<ProcessSummary[]> {
  const files = await target.read(
    candidates.flatMap(({ pid }) => FILES.map((file) => `/proc/${pid}/${file}`)),
  );
  const statuses = candidates.map((_, index) => parseStatus(textOf(files[index * FILES.length + 1]) ?? ''));
  const containers = await findContainers(
    target,
    candidates.map(({ pid }, index) => ({
      pid,
      cgroups: parseCgroup(textOf(files[index * FILES.length + 2]) ?? '').rows,
      nsPid: statuses[index]?.nsPid,
    })),
  );
  return candidates.map((candidate, index): ProcessSummary => {
    const { pid, stat, rings, pending, uninterruptible, blocked } = candidate;
    const { uids, nsPid = [] } = statuses[index] ?? {};
    const uid = uids?.[1];
    const container = containers[index];
    return {
      pid,
      name: stat.comm,
      command: parseCmdline(textOf(files[index * FILES.length]) ?? ''),
      state: stat.state,
      startTime: stat.startTime,
      uninterruptible,
      score: scoreOf(candidate),
      reason: reasonOf(candidate),
      ...(uid === undefined ? {} : { uid }),
      ...(container ? { container } : {}),
      ...(nsPid.length > 1 ? { namespacePids: nsPid } : {}),
      ...(rings === undefined ? {} : { rings }),
      ...(pending === undefined ? {} : { pending }),
      ...(blocked === undefined ? {} : { blocked: Math.round(blocked * 10) / 10 }),
      ...(uptime === undefined ? {} : { age: Math.max(0, uptime - stat.startTime / TICKS_PER_SECOND) }),
    };
  });
}

/** Long-blocked tasks weigh most, then requests in flight, then having a ring at all. */
function scoreOf({ uninterruptible, blocked, pending, rings }: Candidate): number {
  const stuck =
    blocked !== undefined && blocked >= BLOCKED_LONG ? 1e6 * uninterruptible + Math.min(blocked, 1e5) : 0;
  return stuck + 10 * uninterruptible + (pending ?? 0) + ((rings ?? 0) > 0 ? 0.5 : 0);
}

function reasonOf({ uninterruptible, blocked, pending, rings }: Candidate): string {
  const parts: string[] = [];
  if (uninterruptible > 0) {
    const since =
      blocked === undefined ? '' : ` for ${blocked < 10 ? blocked.toFixed(1) : Math.round(blocked)} s`;
    parts.push(
      `${uninterruptible} ${uninterruptible === 1 ? 'task' : 'tasks'} in uninterruptible sleep${since}`,
    );
  }
  if (pending !== undefined && pending > 0) parts.push(`${pending} in flight`);
  if (rings === undefined) parts.push('its files may not be listed');
  else if (rings > 0) parts.push(rings === 1 ? '1 ring' : `${rings} rings`);
  return parts.join(', ') || 'no io_uring';
}
