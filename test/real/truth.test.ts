import { join } from 'node:path';
import { describe, it } from 'vitest';
import { ACTORS, actor, actorMissing } from './support/actor';
import { beyondSight, expectTruth } from './support/expectTruth';
import { inspect } from './support/inspect';
import { skipUnlessListing } from './support/listing';
import { mountHangfs } from './support/mounts';
import { skipUnless } from './support/rights';
import { startTruth } from './support/truth';
import { nameOf, TRUTH_SCENES } from './support/truthScenes';

const CASES = TRUTH_SCENES.map((scene) => [nameOf(scene), scene] as const);

describe.each(ACTORS)('as %s, the list of requests is the truth of', (name) => {
  it.for(CASES)('%s', async ([, wanted], context) => {
    const { scene, setup, file, needs = [] } = wanted;
    const missing = actorMissing(name);
    if (missing !== undefined) context.skip(missing);
    skipUnless(context, 'ioUring', ...needs);
    const who = actor(name);
    await skipUnlessListing(context, who);
    const path = file && join((await mountHangfs(context)).directory, `${file}1`);
    const truth = await startTruth(context, who, scene, path === undefined ? setup : [path, ...setup]);

    for (const pid of [truth.pid, ...truth.also]) {
      const sample = await inspect(who, pid);
      const reason = beyondSight(sample, wanted);
      if (reason !== undefined) context.skip(reason);
      expectTruth(sample, truth.rows, wanted);
    }
  });
});
