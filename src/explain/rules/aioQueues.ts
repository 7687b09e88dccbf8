import type { AioContext, Finding, Sample } from '../../model/sample';
import { type AioCall, aioCallOf, aioCounts, aioNames } from '../aio';
import { othersMaySubmit } from '../awaiting';
import { type Rule, type Scene, standsStill } from '../rule';
import { indexOf } from '../sampleIndex';
import { counted, processName, resourceName, sentence } from '../words';

/**
 * "5 operations of Linux AIO context 1 have finished; the program has not collected them." Also of a wait while nothing is
 * pending, and of polls, which wait for whoever is at the other end. One finding for each context.
 */
export const aioQueues: Rule = {
  tag: 'linux-aio',
  check(scene) {
    const calls = scene.blocked.flatMap((blocked) => aioCallOf(scene.sample, blocked) ?? []);
    const findings: Finding[] = [];
    for (const context of scene.sample.aio ?? []) {
      const waiters = calls.filter((call) => call.context?.id === context.id);
      const verdict =
        uncollected(scene, context, waiters) ??
        forNothing(scene, context, waiters) ??
        polled(scene, context, waiters);
      if (verdict === 'look again') return verdict;
      if (verdict) findings.push(verdict);
    }
    return findings;
  },
};

type Verdict = Finding | 'look again' | undefined;

/** A child that has only its parent's mapping is no owner: the kernel's structures or a thread that waits must prove the context. */
function uncollected(scene: Scene, context: AioContext, waiters: readonly AioCall[]): Verdict {
  const { unreaped = 0, head, sources } = context;
  if (unreaped === 0 || waiters.length > 0) return undefined;
  if (!scene.other && !scene.last) return 'look again';
  const before = scene.other?.aio?.find(({ address }) => address === context.address);
  if (scene.other && (before?.head !== head || !before?.unreaped)) return undefined;
  const nothing = context.pending === 0 ? ' Nothing is pending in the kernel.' : '';
  const proven = sources.includes('kernel walk');
  const program = proven ? 'the program' : 'the program (or its parent, if the context is the parent’s)';
  return {
    tag: 'linux-aio',
    severity: proven ? 'warning' : 'info',
    summary: sentence(
      `${noRings(scene.sample)}${counted(unreaped, 'operation')} of ${aioNames([context])} ${unreaped === 1 ? 'has' : 'have'} finished; ${program} has not collected ${unreaped === 1 ? 'its completion' : 'their completions'}.`,
    ),
    explanation: `The kernel is done: the completions lie in the ring of the context, and no thread waits for them in io_getevents.${nothing}${proven ? '' : ' A forked child keeps the mapping of its parent’s ring; whose the context is, the kernel tells root alone.'}`,
    remedy:
      'See why the program does not come back to io_getevents: a thread that should collect is busy, ended or waits for something else.',
    evidence: [{ aio: context.id }],
  };
}

/**
 * A wait without a timeout while nothing is pending. Where something is, it may still end: the kernel hands over what completes
 * during the wait, and does not tell how many that were.
 */
function forNothing(scene: Scene, context: AioContext, waiters: readonly AioCall[]): Verdict {
  if (context.pending !== 0 || context.unreaped !== 0) return undefined;
  for (const { task, least, timed } of waiters) {
    if (timed || least === 0 || othersMaySubmit(scene, task)) continue;
    const still = standsStill(scene, task);
    if (still === undefined) return 'look again';
    if (!still) continue;
    return {
      tag: 'linux-aio',
      severity: 'warning',
      summary: sentence(
        `${noRings(scene.sample)}thread ${processName({ pid: task.tid, name: task.name })} waits for a completion of ${aioNames([context])}, but nothing is pending there: it would wait for ever.`,
      ),
      explanation:
        'No request is pending and no completion lies in the ring, by the kernel’s own counts, and no other thread can submit more.',
      remedy:
        'Submit before waiting, and wait for no more completions (min_nr of io_getevents) than were submitted.',
      evidence: [{ task: task.tid }, { aio: context.id }],
    };
  }
  return undefined;
}

/** All that is pending are polls: what they wait for must come from elsewhere. */
function polled({ sample, other, last }: Scene, context: AioContext, waiters: readonly AioCall[]): Verdict {
  const { pending = 0, requests } = context;
  if (pending === 0 || requests.length < pending) return undefined;
  if (requests.some(({ operation }) => operation !== 'POLL')) return undefined;
  if (!other && !last) return 'look again';
  const who = waiters.map(({ task }) => processName({ pid: task.tid, name: task.name }));
  const waits = who[0] === undefined ? '' : `; thread ${who[0]} waits in io_getevents`;
  return {
    tag: 'linux-aio',
    severity: 'info',
    summary: sentence(
      `${noRings(sample)}${aioCounts(pending, requests)} of ${aioNames([context])} ${pending === 1 ? 'waits' : 'wait'} for readiness of ${fileOf(sample, context)}${waits}.`,
    ),
    explanation: 'A poll waits for data, room or a connection, which the other end must bring.',
    remedy: 'If it should move, look at the process at the other end.',
    evidence: [
      { aio: context.id },
      ...fdsOf(context).map((fd) => ({ fd })),
      ...waiters.map(({ task }) => ({ task: task.tid })),
    ],
  };
}

function noRings({ rings }: Sample): string {
  return rings.length === 0 ? 'no io_uring here: ' : '';
}

function fdsOf({ requests }: AioContext): number[] {
  return [...new Set(requests.flatMap(({ fd }) => (fd === undefined ? [] : [fd])))];
}

function fileOf(sample: Sample, context: AioContext): string {
  const fds = fdsOf(context);
  const [fd] = fds;
  const file = fds.length === 1 && fd !== undefined ? indexOf(sample).resources.get(fd) : undefined;
  return file ? resourceName(file, sample.process.pid) : 'their files';
}
