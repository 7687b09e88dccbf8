import type { Finding } from '../model/sample';

/** What a process's findings weigh among those of others. */
export interface Standing {
  /** 2 = something is stuck, 1 = something needs a look, 0 = nothing to report: no finding, or an ordinary wait. */
  readonly weight: 0 | 1 | 2;
  /** Requests that the findings of that weight call stuck. */
  readonly stuck: number;
}

const WEIGHTS = { critical: 2, warning: 1, info: 0 } as const;

export const AT_REST: Standing = { weight: 0, stuck: 0 };

/** `findings`: the most important first. */
export function standingOf(findings: readonly Pick<Finding, 'severity' | 'stuck'>[]): Standing {
  const [first] = findings;
  if (!first || first.severity === 'info') return AT_REST;
  const own = findings.filter(({ severity }) => severity === first.severity);
  return {
    weight: WEIGHTS[first.severity],
    stuck: own.reduce((sum, { stuck = 0 }) => sum + stuck, 0),
  };
}

/** Sorts the gravest first, then those with the most requests. */
export function byStanding(a: Standing, b: Standing): number {
  return b.weight - a.weight || b.stuck - a.stuck;
}

/** Of several processes together. */
export function together(standings: readonly Standing[]): Standing {
  return standings.reduce(
    (all, one) =>
      one.weight > all.weight
        ? one
        : one.weight < all.weight
          ? all
          : { weight: all.weight, stuck: all.stuck + one.stuck },
    AT_REST,
  );
}
