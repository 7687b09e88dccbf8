import { AT_REST, byStanding, type Standing, standingOf } from '../explain/standing';
import type { Inspected } from '../inspect/inspections';

/** Of now, or paused: saved samples and ended processes are history. */
export function isCurrent({ savedAs, snapshot }: Inspected): boolean {
  return savedAs === undefined && snapshot.state !== 'ended';
}

/** What a row weighs among the others; history weighs nothing. */
export function standing(inspected: Inspected): Standing {
  return isCurrent(inspected) ? standingOf(inspected.snapshot.sample?.findings ?? []) : AT_REST;
}

/** The gravest first, then those with the most requests stuck; otherwise as they were begun. */
export function inOrder(all: readonly Inspected[]): readonly Inspected[] {
  return all
    .map((inspected) => ({ inspected, weight: standing(inspected) }))
    .sort((a, b) => byStanding(a.weight, b.weight))
    .map(({ inspected }) => inspected);
}
