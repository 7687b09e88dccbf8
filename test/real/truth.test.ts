import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ACTORS, actor, actorMissing } from './support/actor';
import { compare } from './support/compare';
import { inspect } from './support/inspect';
import { skipUnlessListing } from './support/listing';
import { mountHangfs } from './support/mounts';
import { skipUnless } from './support/rights';
import { startTruth } from './support/truth';
import { nameOf, TRUTH_SCENES } from './support/truthScenes';

const CASES = TRUTH_SCENES.map((scene) => [nameOf(scene), scene] as const);

describe.each(ACTORS)('as %s, the list of requests is the truth of', (name) => {
  it.for(CASES)(
    '%s',
    async ([, { scene, setup, file, forgotten = 0, needs = [], shared, hidden }], context) => {
      const missing = actorMissing(name);
      if (missing !== undefined) context.skip(missing);
      skipUnless(context, 'ioUring', ...needs);
      const who = actor(name);
      if (hidden !== undefined && name !== 'root') context.skip(hidden);
      await skipUnlessListing(context, who);
      const path = file && join((await mountHangfs(context)).directory, `${file}1`);
      const truth = await startTruth(context, who, scene, path === undefined ? setup : [path, ...setup]);

      for (const pid of [truth.pid, ...truth.also]) {
        const sample = await inspect(who, pid);
        const mode = sample.rights.kernelWalk ? 'exact' : shared ? 'shared' : 'honest';
        expect(compare(sample, truth.rows, mode), `the list of ${pid}`).toEqual([]);
        const lost = sample.rings.reduce((sum, ring) => sum + (ring.lost ?? 0), 0);
        expect(lost, 'requests counted as lost').toBeLessThanOrEqual(forgotten);
      }
    },
  );
});
