import type { Request } from '../model/sample';
import { duration } from './words';

/** Less than that since it was first seen is not worth a word. Seconds. */
const WORTH = 1;

/** How old the oldest is: "31 s" where it is known, "over 31 s" where it has been seen for that long; absent where nothing tells. */
export function ageWords(requests: readonly Request[]): string | undefined {
  let known = -1;
  let seen = -1;
  for (const request of requests) {
    known = Math.max(known, request.age ?? -1);
    seen = Math.max(seen, request.seen ?? -1);
  }
  if (seen >= WORTH && seen > known + WORTH) return `over ${duration(seen)}`;
  return known < 0 ? undefined : duration(known);
}

/** "The oldest has been seen pending for 12 s.", where the kernel keeps no time for them and looks before this one saw them; else ''. */
export function seenSentence(requests: readonly Request[]): string {
  const unknown = requests.filter(({ age }) => age === undefined);
  const seen = unknown.reduce((most, request) => Math.max(most, request.seen ?? 0), 0);
  if (seen < WORTH) return '';
  const who = requests.length === 1 ? 'It' : 'The oldest';
  return `${who} has been seen pending for ${duration(seen)}; since when it is, the kernel does not keep.`;
}
