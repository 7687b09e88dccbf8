import type { Request, Ring, Sample } from '../model/sample';
import { isInFlight } from './requestStates';
import { inFlight, lost, unexplained } from './ringCounts';
import { indexOf } from './sampleIndex';
import { grouped, joined } from './words';

/** What marks a row of which the rings cannot tell whether it has finished. */
export const DOUBT = 'may have finished already';

/** Why a request in flight has no row of its own. */
export interface Unlisted {
  readonly count: number;
  readonly why: string;
  readonly explanation: string;
}

/** True where more than /proc was asked: the ring's memory, or the kernel's. */
export function isListedExactly(ring: Ring): boolean {
  return ring.live !== undefined || ring.lost !== undefined || ring.ambiguous !== undefined;
}

/** True where the kernel's own lists tell in which state every request stands. */
export function isPlaced(sample: Sample): boolean {
  const rings = sample.rings.filter((ring) => inFlight(ring) !== 0);
  return rings.length > 0 && rings.every((ring) => ring.live !== undefined || isWalked(sample, ring));
}

/** Before 6.16 the kernel keeps no count, but its lists may hold all that the ring's counters say. */
function isWalked(sample: Sample, ring: Ring): boolean {
  if (unexplained(ring) > 0) return false;
  const rows = (indexOf(sample).requests.get(ring.id) ?? []).filter(isInFlight);
  return rows.length > 0 && rows.every(({ sources }) => sources.includes('kernel walk'));
}

/**
 * Requests in flight of which nothing tells where they stand: without a row, or known from the ring's memory alone,
 * which cannot tell what is queued for a worker from what a device has.
 */
export function unplaced(sample: Sample, ring: Ring): number {
  const rows = indexOf(sample).requests.get(ring.id) ?? [];
  return unexplained(ring) + rows.filter(isUnplaced).length;
}

export function isUnplaced({ state, sources, stage }: Request): boolean {
  return (
    stage === undefined &&
    (state === 'issued' || state === 'queued') &&
    sources.every((source) => source === 'ring memory')
  );
}

/** Requests of which neither a row nor the reason of its loss is known. */
export function unlistedOf(ring: Ring): Unlisted | undefined {
  const count = unexplained(ring) - lost(ring);
  if (count <= 0) return undefined;
  if (ring.live !== undefined) {
    return {
      count,
      why: 'on no list of the kernel: inside a device or file system, most likely',
      explanation:
        'The kernel counts more requests than its lists hold: a device or file system has them, and no list leads there; or they moved while the lists were read.',
    };
  }
  if (isListedExactly(ring)) {
    return {
      count,
      why: 'counted, but not among the ring’s submission entries',
      explanation: 'The counters say that more requests are in flight than the ring’s memory shows.',
    };
  }
  return {
    count,
    why: 'queued or inside the kernel',
    explanation:
      '/proc does not list requests that are queued behind a worker or that a driver or file system holds.',
  };
}

/** How sure the list of a ring's requests in flight is: "98 certain, 2 may have finished already, 12 lost". */
export function certaintyOf(sample: Sample, ring: Ring): string | undefined {
  const rows = (indexOf(sample).requests.get(ring.id) ?? []).filter(isInFlight);
  if ((inFlight(ring) ?? rows.length) === 0) return undefined;
  const number = (certainty: Request['certainty']) =>
    rows.filter((row) => row.certainty === certainty).length;
  const gone = lost(ring);
  const rest = unlistedOf(ring)?.count ?? 0;
  const parts: readonly (readonly [number, string])[] = [
    [number('certain'), 'certain'],
    [number('inferred'), 'most likely'],
    [number('ambiguous'), DOUBT],
    [gone, 'lost: their submission entry was overwritten'],
    [rest, 'not listed'],
  ];
  const told = parts.filter(([count]) => count > 0).map(([count, what]) => `${grouped(count)} ${what}`);
  const guessed = rows.filter(({ inferred = [] }) => inferred.length > 0).length;
  const place =
    guessed === 0
      ? ''
      : `; where ${guessed === rows.length ? (guessed === 1 ? 'it stands' : 'they stand') : `${grouped(guessed)} of them ${guessed === 1 ? 'stands' : 'stand'}`} is inferred`;
  return told.length === 0 ? undefined : told.join(', ') + place;
}

/** Where the rows of a ring come from: "kernel walk and ring memory". */
export function sourcesOf(sample: Sample, ring: Ring): string {
  const sources = new Set<string>();
  for (const request of indexOf(sample).requests.get(ring.id) ?? []) {
    for (const source of request.sources) sources.add(source);
  }
  return joined([...sources]);
}
