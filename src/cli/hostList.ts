import { byStanding, standingOf } from '../explain/standing';
import type { OpenHost } from '../inspect/host';
import { type HostId, hostName } from '../inspect/hostId';
import { problemOf } from '../inspect/problem';
import { UserError } from '../model/errors';
import { printable } from '../model/printable';
import type { ProcessSummary, RankedProcess } from '../model/process';
import type { Asker } from '../target/remoteHost';
import type { Target } from '../target/target';
import { patient } from './patience';

/** What became of one host of several. */
export interface HostAnswer {
  readonly host: string;
  readonly rows?: readonly RankedProcess[];
  /** Why it has none: one line, for people. */
  readonly failure?: string;
}

export interface HostWork {
  /** Lists the processes of a host. */
  list(target: Target, signal: AbortSignal): Promise<readonly ProcessSummary[]>;
  /** Looks at the most suspicious of them; never rejects. */
  look(target: Target, rows: readonly ProcessSummary[]): Promise<readonly RankedProcess[]>;
  /** Called once all hosts are listed or have failed, while some may be looked at still. */
  listed?(answers: readonly HostAnswer[]): void;
}

/** Milliseconds each host has to be reached and listed, not counting those in which the user is asked. */
const LIMIT = 60_000;

interface Listed extends HostAnswer {
  readonly target?: Target;
}

/** Lists and looks at all hosts at the same time. Never rejects: what fails on one host says nothing of the others. */
export async function listHosts(
  hosts: readonly HostId[],
  open: OpenHost,
  asker: Asker,
  work: HostWork,
  limit: number = LIMIT,
): Promise<readonly HostAnswer[]> {
  const listing = hosts.map(async (id): Promise<Listed> => {
    const host = hostName(id);
    try {
      return await patient(asker, limit, async (waiting, signal) => ({
        host,
        ...(await listHost(id, open, waiting, work, signal)),
      }));
    } catch (error) {
      const { what, why } = problemOf(error, 'It could not be listed.');
      return { host, failure: printable(`${what} ${why}`) };
    }
  });
  const looking = listing.map(async (listed): Promise<HostAnswer> => {
    const { target, ...answer } = await listed;
    if (!target) return answer;
    try {
      return { ...answer, rows: await work.look(target, answer.rows ?? []) };
    } finally {
      target.dispose();
    }
  });
  const all = await Promise.all(listing);
  work.listed?.(all.map(({ target: _, ...answer }) => answer));
  return Promise.all(looking);
}

/** The processes of all hosts, the most stuck first, each with the name of its host. */
export function ranked(answers: readonly HostAnswer[]): readonly RankedProcess[] {
  return inOrder(answers.flatMap(({ host, rows: own = [] }) => own.map((row) => ({ host, ...row }))));
}

/** By what was found, its number of requests and how long; where that is nothing, or nobody looked, by the list's score. */
export function inOrder(rows: readonly RankedProcess[]): readonly RankedProcess[] {
  const standings = new Map(rows.map((row) => [row, standingOf(row.findings ?? [])]));
  const standing = (row: RankedProcess) => standings.get(row) ?? standingOf([]);
  return [...rows].sort(
    (a, b) =>
      byStanding(standing(a), standing(b)) || (b.stuckFor ?? 0) - (a.stuckFor ?? 0) || b.score - a.score,
  );
}

/** Closes the host where it is not wanted any more. */
async function listHost(
  id: HostId,
  open: OpenHost,
  asker: Asker,
  { list }: HostWork,
  signal: AbortSignal,
): Promise<{ readonly target: Target; readonly rows: readonly ProcessSummary[] }> {
  const target = await open(id, asker, signal);
  try {
    if (!signal.aborted) {
      const rows = await list(target, signal);
      if (!signal.aborted) return { target, rows };
    }
    throw new UserError('host-unreachable', 'It was too slow.', 'Its time is over.');
  } catch (error) {
    target.dispose();
    throw error;
  }
}
