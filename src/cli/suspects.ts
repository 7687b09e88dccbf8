import { longestBlocked } from '../explain/summary';
import { problemOf } from '../inspect/problem';
import { type ErrorCode, UserError } from '../model/errors';
import { printable } from '../model/printable';
import type { ProcessSummary, RankedProcess } from '../model/process';
import type { Sample } from '../model/sample';

/** Takes and explains one Sample of a process. */
export type LookAt = (pid: number, signal: AbortSignal) => Promise<Sample>;

/** Processes of a host that are looked at without being named; more where a check is asked for, which must not miss one. */
export const SUSPECTS = 3;
export const SUSPECTS_OF_A_CHECK = 50;
/** Looks at a host at the same time. */
const AT_ONCE = 3;
/** Milliseconds a look may take. */
const LIMIT = 10_000;

/** It has ended since it was listed. */
const GONE: ReadonlySet<string> = new Set<ErrorCode>(['process-gone', 'no-such-process', 'zombie']);

/** Those of the rows that are worth a look, whether or not they get one. */
export function suspicious(rows: readonly ProcessSummary[]): readonly ProcessSummary[] {
  return rows.filter(({ score }) => score > 0);
}

/**
 * Looks at the first `most` suspicious ones of a host's rows, which are in the list's order. Never rejects: a look that fails or
 * is too slow says so in its row. Processes that have ended meanwhile are left out, and the next ones looked at.
 */
export async function lookAtSuspects(
  rows: readonly ProcessSummary[],
  look: LookAt,
  { most = SUSPECTS, limit = LIMIT }: { readonly most?: number; readonly limit?: number } = {},
): Promise<readonly RankedProcess[]> {
  const queue = [...suspicious(rows)];
  const looked = new Map<number, RankedProcess | undefined>();
  let left = most;
  const work = async () => {
    while (left > 0) {
      const row = queue.shift();
      if (!row) return;
      left -= 1;
      const seen = await lookAt(row, look, limit);
      if (!seen) left += 1;
      looked.set(row.pid, seen);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return rows.flatMap((row) => (looked.has(row.pid) ? (looked.get(row.pid) ?? []) : row));
}

async function lookAt(row: ProcessSummary, look: LookAt, limit: number): Promise<RankedProcess | undefined> {
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(tooSlow(row.pid, limit));
      abort.abort();
    }, limit);
  });
  try {
    return { ...row, ...found(await Promise.race([look(row.pid, abort.signal), late])) };
  } catch (error) {
    const { code, what, why } = problemOf(error, `Process ${row.pid} could not be looked at.`);
    return GONE.has(code) ? undefined : { ...row, failure: printable(`${what} ${why}`) };
  } finally {
    clearTimeout(timer);
  }
}

function found(sample: Sample): Pick<RankedProcess, 'findings' | 'stuckFor' | 'failure'> {
  const stuckFor = longestBlocked(sample);
  return {
    findings: sample.findings.map(({ evidence: _, ...told }) => told),
    ...(stuckFor === undefined ? {} : { stuckFor }),
    ...(isBlind(sample) ? { failure: `${blind(sample.process.pid)} ${BLIND_WHY}` } : {}),
  };
}

/** Neither files nor stacks could be read: the Sample says next to nothing. */
export function isBlind(sample: Sample): boolean {
  return (
    sample.resources.length === 0 &&
    sample.notVisible.some((row) => row.what.startsWith('open files')) &&
    sample.tasks.every((task) => task.kernelStack === undefined && task.wchan === undefined)
  );
}

export function blind(pid: number): string {
  return `Process ${pid} could not be looked into.`;
}

export const BLIND_WHY =
  'It belongs to another user or does not let itself be inspected; only its tasks’ states were readable.';

function tooSlow(pid: number, limit: number): UserError {
  return new UserError(
    'not-permitted',
    `Process ${pid} could not be looked at.`,
    `It took longer than ${limit / 1000} s.`,
    'Try it alone, with its PID.',
  );
}
