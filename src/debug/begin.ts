import { programName } from '../explain/programName';
import { processName } from '../explain/words';
import { type HostId, hostName } from '../inspect/hostId';
import { UserError } from '../model/errors';
import { printable } from '../model/printable';
import type { ProcessSummary } from '../model/process';
import { type Attaching, readAttaching } from './configuration';
import type { DebugServices, Followed, FollowOptions } from './services';
import type { Subject } from './subject';

/** Begins what an attach request asks for. Rejects with what is wrong, with nothing left open. */
export async function attach(
  services: DebugServices,
  given: unknown,
  signal: AbortSignal,
  progress: (message: string) => void,
): Promise<Subject> {
  const asked = readAttaching(given);
  const { sourceFileMap } = asked;
  if (asked.kind === 'sample') {
    const { path } = asked;
    return { kind: 'saved', path, sample: await services.openSample(path), sourceFileMap };
  }
  const { host, interval } = asked;
  const place = hostName(host);
  if (typeof asked.process === 'string') progress(`Listing the processes of ${place}`);
  const pid = await pidOf(services, asked, signal);
  progress(`Taking the first look at process ${pid} on ${place}`);
  const followed = await followChecked(services, host, pid, { interval, signal, sourceFileMap });
  return { kind: 'live', host, followed, sourceFileMap };
}

/** Follows a process of which a Sample could be taken; what could not stands in the error. */
export async function followChecked(
  services: DebugServices,
  host: HostId,
  pid: number,
  options: FollowOptions & { readonly signal: AbortSignal },
): Promise<Followed> {
  const followed = await services.follow(host, pid, options);
  const { sample, problem, state } = followed.snapshot;
  if (sample && state !== 'ended' && !options.signal.aborted) return followed;
  followed.dispose();
  options.signal.throwIfAborted();
  if (problem && problem.code !== 'internal')
    throw new UserError(problem.code, problem.what, problem.why, problem.remedy);
  throw new Error(problem ? `${problem.what} ${problem.why}` : `Process ${pid} could not be looked at.`);
}

async function pidOf(
  services: DebugServices,
  { process, host }: Extract<Attaching, { kind: 'process' }>,
  signal: AbortSignal,
): Promise<number> {
  if (typeof process === 'number') return process;
  return processNamed(await services.list(host, signal), process, host, services.listing).pid;
}

/** Processes that are named in an error. */
const MOST_NAMED = 10;

/** The one of that name; an error lists those that fit where it is not just one. */
export function processNamed(
  processes: readonly ProcessSummary[],
  name: string,
  host: HostId,
  listing: string,
): ProcessSummary {
  const fitting = processes.filter((one) => one.name === name || programName(one) === name);
  const [only] = fitting;
  if (only && fitting.length === 1) return only;
  const called = printable(name, 80);
  if (!only)
    throw new UserError(
      'no-such-process',
      `No process on ${hostName(host)} is called “${called}”.`,
      'It has ended or has not begun, or it is called otherwise there.',
      `Give its number as “pid”; ${listing}.`,
    );
  const listed = fitting.slice(0, MOST_NAMED).map((one) => processName(one));
  const more = fitting.length > MOST_NAMED ? ` and ${fitting.length - MOST_NAMED} more` : '';
  throw new UserError(
    'several-processes',
    `${fitting.length} processes on ${hostName(host)} are called “${called}”.`,
    `They are ${listed.join(', ')}${more}.`,
    'Give the number of the one that is meant as “pid”.',
  );
}
