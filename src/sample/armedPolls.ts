import type { ArmedPolls, Request, Ring, Sample } from '../model/sample';

/** Looks closer together than this count as one. Seconds. */
const LEAST_BETWEEN = 1;

/**
 * The Sample with the largest pile of armed polls of each ring, and how that pile has gone since the looks before: the history of an
 * inspection stands in the newest Sample alone. A row in doubt counts for nothing.
 */
export function withArmedPolls(sample: Sample, previous: Sample | undefined): Sample {
  const piles = pilesOf(sample);
  if (piles.size === 0) return sample;
  const earlier = previous && isSame(sample, previous) ? previous : undefined;
  const rings = sample.rings.map((ring) => {
    const pile = piles.get(ring.id);
    if (!pile) return ring;
    const before = earlier?.rings.find(({ id, fd, inode }) => isRing(ring, id, fd, inode))?.polls;
    return { ...ring, polls: followed(pile, before, sample.host.uptime) };
  });
  return { ...sample, rings };
}

/** Polls armed on one and the same file. */
type Pile = Pick<ArmedPolls, 'fd' | 'fixedFile' | 'count'>;

/** One poll on a file is nothing to remember. */
const LEAST = 2;

/** By the ring's id: the file with the most polls. */
function pilesOf({ requests }: Sample): Map<Ring['id'], Pile> {
  const counts = new Map<string, { pile: Pile; ring: number; count: number }>();
  for (const request of requests) {
    const file = fileOf(request);
    if (!file || request.ring === null) continue;
    const key = `${request.ring} ${file.fd} ${file.fixedFile}`;
    const known = counts.get(key);
    if (known) known.count++;
    else counts.set(key, { pile: { ...file, count: 1 }, ring: request.ring, count: 1 });
  }
  const most = new Map<number, Pile>();
  for (const { pile, ring, count } of counts.values()) {
    if (count >= LEAST && count > (most.get(ring)?.count ?? 0)) most.set(ring, { ...pile, count });
  }
  return most;
}

function fileOf({ state, certainty, fd, fixedFile }: Request): Omit<Pile, 'count'> | undefined {
  if (state !== 'polling' || certainty === 'ambiguous') return undefined;
  if (typeof fixedFile === 'number') return { fixedFile };
  return typeof fd === 'number' && fd >= 0 ? { fd } : undefined;
}

function isSame(a: Sample, b: Sample): boolean {
  return a.process.pid === b.process.pid && a.process.startTime === b.process.startTime;
}

function isRing(ring: Ring, id: Ring['id'], fd: Ring['fd'], inode: Ring['inode']): boolean {
  return ring.id === id && ring.fd === fd && ring.inode === inode;
}

function followed(pile: Pile, before: ArmedPolls | undefined, uptime: number | undefined): ArmedPolls {
  const { count } = pile;
  const time = uptime === undefined ? {} : { since: uptime, at: uptime };
  const begun: ArmedPolls = { ...pile, from: count, rises: 0, ...time };
  const same = before?.fd === pile.fd && before?.fixedFile === pile.fixedFile;
  if (before === undefined || !same || count < before.count) return begun;
  const { since, at, rises } = before;
  if (uptime === undefined || since === undefined || at === undefined || uptime < at) return begun;
  if (uptime - at < LEAST_BETWEEN) return before;
  return { ...begun, from: before.from, since, rises: rises + (count > before.count ? 1 : 0) };
}
