import type { Resource, Ring, Sample } from '../model/sample';
import { isInFlight } from './requestStates';
import { timersWords } from './requestWords';
import { inFlight, uncollected } from './ringCounts';
import { indexOf } from './sampleIndex';
import { counted, joined } from './words';

/** The ring that a descriptor is: one ring may poll another one, as event loops with a ring of their own for timers do. */
export function ringAt({ rings }: Sample, { kind, fd }: Resource): Ring | undefined {
  if (kind !== 'io_uring') return undefined;
  return rings.find((ring) => ring.fd === fd || ring.duplicates?.includes(fd));
}

/** What a polled ring has in it, after its name: "in which only timers are pending: the next fires in 16 min 39 s". */
export function insideRing(sample: Sample, ring: Ring): string {
  const ready = uncollected(ring);
  if (ready > 0) {
    return `in which ${counted(ready, 'completion')} ${ready === 1 ? 'lies' : 'lie'} uncollected, so that the poll should have ended`;
  }
  const rows = (indexOf(sample).requests.get(ring.id) ?? []).filter(isInFlight);
  const count = inFlight(ring) ?? rows.length;
  if (count === 0) return 'in which nothing is pending';
  const timers = rows.length === count && rows.every(({ state }) => state === 'timeout');
  if (!timers) return `in which ${counted(count, 'request')} ${count === 1 ? 'is' : 'are'} in flight`;
  const words = timersWords(rows);
  return `in which only timers are pending${words.length > 0 ? `: ${joined(words)}` : ''}`;
}
