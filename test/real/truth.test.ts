import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Request, Sample } from '../../src/model/sample';
import { ACTORS, actor, actorMissing } from './support/actor';
import { compare } from './support/compare';
import { inspect } from './support/inspect';
import { skipUnlessListing } from './support/listing';
import { mountHangfs } from './support/mounts';
import { skipUnless } from './support/rights';
import { startTruth, type TruthRow } from './support/truth';
import { nameOf, TRUTH_SCENES } from './support/truthScenes';

const CASES = TRUTH_SCENES.map((scene) => [nameOf(scene), scene] as const);

describe.each(ACTORS)('as %s, the list of requests is the truth of', (name) => {
  it.for(CASES)('%s', async ([, wanted], context) => {
    const { scene, setup, file, forgotten = 0, doubtful = 0, needs = [], misleading, hidden } = wanted;
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    skipUnless(context, 'ioUring', ...needs);
    const who = actor(name);
    await skipUnlessListing(context, who);
    const path = file && join((await mountHangfs(context)).directory, `${file}1`);
    const truth = await startTruth(context, who, scene, path === undefined ? setup : [path, ...setup]);

    for (const pid of [truth.pid, ...truth.also]) {
      const sample = await inspect(who, pid);
      if (hidden && !sample.rights.kernelWalk)
        context.skip("needs the kernel's memory: the ring has neither a descriptor nor a mapping");
      const told = hidden ? truth.rows.filter(isPending).map(withoutOperands) : truth.rows;
      expect(compare(misleading ? doubting(sample) : sample, told), `the list of ${pid}`).toEqual([]);
      const lost = sample.rings.reduce((sum, ring) => sum + (ring.lost ?? 0), 0);
      expect(lost, 'requests counted as lost').toBeLessThanOrEqual(forgotten);
      const ambiguous = sample.requests.filter(({ certainty }) => certainty === 'ambiguous').length;
      expect(ambiguous, 'ambiguous rows').toBeLessThanOrEqual(doubtful);
    }
  });
});

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
