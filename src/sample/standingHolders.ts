import type { Resource, Sample } from '../model/sample';
import type { ListResult } from '../probe/protocol';
import type { Target } from '../target/target';
import { findHoldings, type Holding, RING, type Searched, searchedWith } from './peers';
import { lookRemembered } from './relook';

/** A search of all processes, for the looks after it. */
export interface Search extends Searched {
  /** When it was: seconds since boot. */
  readonly at: number;
  /** The processes there were. */
  readonly pids: ReadonlySet<string>;
}

/** Other processes are searched anew when this many seconds have passed on the host's clock. */
const SEARCH_EVERY = 5;
/** Seconds for which a search stands where all it found hold what they held, and no newer process holds any of it. */
const STANDS = 30;

/** What the next look is to know of searches: of this look's own, or of the one before with what was searched for since. */
export function searchOf(
  processes: ListResult | undefined,
  uptime: number | undefined,
  before: Search | undefined,
): Search | undefined {
  if (!processes?.ok || uptime === undefined) return undefined;
  const found = searchedWith(processes);
  if (!before) return { at: uptime, pids: new Set(processes.entries.map(({ name }) => name)), ...found };
  return {
    ...before,
    wanted: new Set([...before.wanted, ...found.wanted]),
    holdings: [...before.holdings.filter(({ link }) => !found.wanted.has(link)), ...found.holdings],
  };
}

export interface SoughtNow {
  /** A listing of /proc. */
  readonly processes: ListResult | undefined;
  /** Links that are sought, as far as it is known. */
  readonly sought: readonly string[];
}

/**
 * The look before where what it says of other processes stands: what was searched for is seen to be with those who had it, or, where
 * that cannot be told, it was within the same few seconds. `uptime` = seconds since boot now.
 */
export async function knownLately(
  target: Target,
  before: Sample | undefined,
  uptime: number | undefined,
  asked: SoughtNow,
): Promise<Sample | undefined> {
  const then = before?.host.uptime;
  if (!before || then === undefined || uptime === undefined) return undefined;
  const search = target.frozen ? undefined : searchStanding(before, uptime);
  const stand = search ? await stands(target, search, before, asked) : isNear(then, uptime);
  return stand ? before : undefined;
}

/** Whether other processes will be searched at a look now, by our own clock: it is not known what the host's will be. */
export function searchIsDue(previous: Sample): boolean {
  const { host, takenAt } = previous;
  const { uptime } = host;
  if (uptime === undefined) return true;
  const now = uptime + (Date.now() - Date.parse(takenAt)) / 1000;
  return !isNear(uptime, now) && searchStanding(previous, now) === undefined;
}

function isNear(then: number, now: number): boolean {
  return Math.floor(then / SEARCH_EVERY) === Math.floor(now / SEARCH_EVERY);
}

/** Undefined where it is too old, or it found nobody at an end: that nobody holds one is to be so now. */
function searchStanding(previous: Sample | undefined, now: number): Search | undefined {
  const search = previous && lookRemembered(previous)?.search;
  if (!search || now - search.at >= STANDS || now < search.at) return undefined;
  return previous.resources.some(isDoubtful) ? undefined : search;
}

/** A pipe of whose other end nobody is known; a ring of several processes: which of them has which ring no link tells. */
function isDoubtful({ kind, end, peers = [] }: Resource): boolean {
  if (kind === 'io_uring') return peers.length > 0;
  return kind === 'pipe' && end !== 'both' && peers.length === 0;
}

/**
 * Whether those who held something hold it yet, and no process that has begun since holds any of it. One that was there before
 * and has been given something since is found by the next search.
 */
async function stands(
  target: Target,
  { wanted, pids, holdings }: Search,
  { resources }: Sample,
  { processes, sought }: SoughtNow,
): Promise<boolean> {
  if (!processes?.ok || !sought.every((link) => wanted.has(link))) return false;
  const told = (one: Holding) => one.link !== RING;
  const before = holdings.filter(told);
  const held = new Set(before.map(textOf));
  const holders = new Set(before.map(({ pid }) => String(pid)));
  const near = processes.entries.filter(({ name }) => holders.has(name) || !pids.has(name));
  const found = await findHoldings(target, { ...processes, entries: near }, [...wanted]);
  const now = new Set(found.filter(told).map(textOf));
  if (now.size !== held.size || ![...now].every((one) => held.has(one))) return false;
  const rings = found.filter((one) => one.link === RING && !pids.has(String(one.pid)));
  const own = new Set(resources.flatMap(({ kind, inode }) => (kind === 'io_uring' ? [inode] : [])));
  if (rings.length === 0 || own.size === 0) return true;
  const inodes = await target.inodes(rings.map(({ pid, fd }) => `/proc/${pid}/fd/${fd}`));
  return inodes.every((inode) => inode !== undefined && !own.has(inode));
}

function textOf({ pid, fd, link }: Holding): string {
  return `${pid} ${fd} ${link}`;
}
