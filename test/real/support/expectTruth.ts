import { expect } from 'vitest';
import type { Request, Sample } from '../../../src/model/sample';
import { compare } from './compare';
import type { TruthRow } from './truth';
import type { TruthScene } from './truthScenes';

/** Expects the list of requests to be the truth of that scene, no more in doubt and no more lost than there must be. */
export function expectTruth(
  sample: Sample,
  rows: readonly TruthRow[],
  { forgotten = 0, doubtful = 0, misleading, hidden }: TruthScene,
): void {
  const told = hidden ? rows.filter(isPending).map(withoutOperands) : rows;
  expect(compare(misleading ? doubting(sample) : sample, told), `the list of ${sample.process.pid}`).toEqual(
    [],
  );
  const lost = sample.rings.reduce((sum, ring) => sum + (ring.lost ?? 0), 0);
  expect(lost, 'requests counted as lost').toBeLessThanOrEqual(forgotten);
  const ambiguous = sample.requests.filter(({ certainty }) => certainty === 'ambiguous').length;
  expect(ambiguous, 'ambiguous rows').toBeLessThanOrEqual(doubtful);
}

/** Why a scene cannot be shown here, if it cannot. */
export function beyondSight({ rights }: Sample, { hidden }: TruthScene): string | undefined {
  return hidden && !rights.kernelWalk
    ? "needs the kernel's memory: the ring has neither a descriptor nor a mapping"
    : undefined;
}

/** What a walk alone can show: the kernel's lists have no operands, and not what has ended or is only prepared. */
const isPending = ({ state }: TruthRow): boolean => !['prepared', 'completed', 'overflowed'].includes(state);
const withoutOperands = (row: TruthRow): TruthRow => ({ ...row, operands: {} });

/** The same list, believing nothing that is inferred. */
function doubting(sample: Sample): Sample {
  const requests = sample.requests.map(
    (row): Request => (row.certainty === 'inferred' ? { ...row, certainty: 'ambiguous' } : row),
  );
  return { ...sample, requests };
}
