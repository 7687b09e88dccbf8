import { describe, expect, it } from 'vitest';
import { ACTORS, actor, actorMissing } from './support/actor';
import { compareUnderChurn, livesDuring } from './support/churn';
import { inspect } from './support/inspect';
import { skipUnlessListing } from './support/listing';
import { skipUnless } from './support/rights';
import { startChurn } from './support/truth';

const LOOKS = 10;
/** Longer than the looks take on a loaded machine; it is ended with the test. */
const SECONDS = 140;

const CASES = [
  ['unique', 'entries 256'],
  ['reused', 'defer sqe128 cqe32'],
  ['reused', 'sqpoll entries 16 cqsize 64'],
] as const;

describe.each(ACTORS)('as %s, no look at a ring at full speed lies', (name) => {
  it.for(CASES)(
    'with %s user_data on a ring of %s',
    { timeout: 150_000 },
    async ([names, words], context) => {
      const missing = actorMissing(name);
      if (missing !== undefined) context.skip(missing);
      skipUnless(context, 'ioUring');
      const who = actor(name);
      await skipUnlessListing(context, who);
      const churn = await startChurn(context, who, names, SECONDS, words.split(' '));

      let judged = 0;
      for (let look = 0; look < LOOKS; look++) {
        const sample = await inspect(who, churn.pid);
        const lives = await livesDuring(sample, churn);
        if (lives === undefined) continue;
        judged++;
        expect(compareUnderChurn(sample, churn.rows, lives), `look ${look}`).toEqual([]);
      }
      expect(judged, 'looks that the log reaches back to').toBeGreaterThanOrEqual(LOOKS / 2);
    },
  );
});
