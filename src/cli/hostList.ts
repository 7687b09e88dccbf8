import type { OpenHost } from '../inspect/host';
import { type HostId, hostName } from '../inspect/hostId';
import { problemOf } from '../inspect/problem';
import { UserError } from '../model/errors';
import { printable } from '../model/printable';
import type { ProcessSummary } from '../model/process';
import type { Asker } from '../target/remoteHost';
import type { Target } from '../target/target';
import { patient } from './patience';

/** What became of one host of several. */
export interface HostAnswer {
  readonly host: string;
  readonly rows?: readonly ProcessSummary[];
  /** Why it has none: one line, for people. */
  readonly failure?: string;
}

/** Lists the processes of a host. */
export type ListHost = (target: Target, signal: AbortSignal) => Promise<readonly ProcessSummary[]>;

/** Milliseconds each host has to be reached and listed, not counting those in which the user is asked. */
const LIMIT = 60_000;

/** Lists all hosts at the same time. Never rejects: what fails on one host says nothing of the others. */
export function listHosts(
  hosts: readonly HostId[],
  open: OpenHost,
  asker: Asker,
  list: ListHost,
  limit: number = LIMIT,
): Promise<readonly HostAnswer[]> {
  return Promise.all(
    hosts.map(async (id): Promise<HostAnswer> => {
      const host = hostName(id);
      try {
        const rows = await patient(asker, limit, (waiting, signal) =>
          listHost(id, open, waiting, list, signal),
        );
        return { host, rows };
      } catch (error) {
        const { what, why } = problemOf(error, 'It could not be listed.');
        return { host, failure: printable(`${what} ${why}`) };
      }
    }),
  );
}

/** The processes of all hosts, the most stuck first, each with the name of its host. */
export function ranked(answers: readonly HostAnswer[]): readonly ProcessSummary[] {
  const rows = answers.flatMap(({ host, rows: own = [] }) => own.map((row) => ({ host, ...row })));
  return rows.sort((a, b) => b.score - a.score);
}

async function listHost(
  id: HostId,
  open: OpenHost,
  asker: Asker,
  list: ListHost,
  signal: AbortSignal,
): Promise<readonly ProcessSummary[]> {
  const target = await open(id, asker, signal);
  try {
    if (signal.aborted) throw new UserError('host-unreachable', 'It was too slow.', 'Its time is over.');
    return await list(target, signal);
  } finally {
    target.dispose();
  }
}
