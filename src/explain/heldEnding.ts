import type { Resource, Sample } from '../model/sample';
import type { Blocked } from './blocking';
import { cancelling, endingOf, isTakenByServer, withheld } from './cancelling';
import type { Cause } from './functions/entry';
import { grouped } from './words';

/** Said for each way of ending that the held requests have; of threads without a request only what signals do. */
export function endingSentence(
  cause: Cause,
  blocked: readonly Blocked[],
  files: readonly Resource[],
): string {
  // What a stopped task needs stands in the remedy.
  if (cause === 'stopped') return '';
  if (blocked.every(({ task }) => task.operation === undefined)) return wakeSentence(blocked);
  const fuse = cause === 'page' && files.length > 0 && files.every((r) => r.fsType?.startsWith('fuse'));
  const endings = new Map<string, Blocked[]>();
  for (const one of blocked) {
    if (one.task.operation === undefined) continue;
    const text = endingText(fuse ? 'fuse' : cause, one, true);
    endings.set(text, [...(endings.get(text) ?? []), one]);
  }
  const several = endings.size > 1;
  return [...endings.values()]
    .map((alike) => {
      const [one] = alike;
      const many = several ? alike.length > 1 : blocked.length > 1;
      const who = several ? alike.length : many ? 'They' : 'It';
      return one ? `${who} ${endingText(fuse ? 'fuse' : cause, one, many)}.` : '';
    })
    .join(' ');
}

function endingText(cause: Cause, one: Blocked, many: boolean): string {
  const ending = endingOf(one);
  return ending === 'cancel'
    ? 'can be cancelled now, with an io_uring cancel'
    : withheld(ending, cause, one, many);
}

/** Of what stands behind the held requests, some can be cancelled nonetheless. */
export function queuedSentence(sample: Sample, behind: readonly number[]): string {
  const queued = behind.flatMap((index) => {
    const request = sample.requests[index];
    return request?.state === 'queued' ? [request] : [];
  });
  const { length } = queued.filter((request) => cancelling(sample, request)?.ending === 'cancel');
  if (length === 0) return '';
  return `${length === 1 ? 'The one' : `The ${grouped(length)}`} still queued can be cancelled now.`;
}

function wakeSentence(blocked: readonly Blocked[]): string {
  const wakes = new Set(blocked.map(({ on }) => on.wake));
  if (wakes.has('uninterruptible')) return 'Nothing but the event itself ends this wait: no signal, no kill.';
  if (blocked.some(({ on }) => isTakenByServer(on)))
    return 'Only killing the process ends this wait earlier, and that only while the server has not read the request.';
  if (wakes.has('killable')) return 'Only killing the process ends this wait earlier.';
  return 'A signal can end this wait.';
}
