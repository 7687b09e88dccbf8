import { build, type Histogram } from 'hdr-histogram-js';
import { LONGEST } from './statistics';

export type { Histogram } from 'hdr-histogram-js';

const SHAPE = {
  lowestDiscernibleValue: 1,
  highestTrackableValue: LONGEST,
  numberOfSignificantValueDigits: 2,
} as const;

/** dist/histograms.js: the library that counts latencies, exact to 1 %; loaded once something is traced. Values are nanoseconds from 1 to LONGEST. */
export function newHistogram(): Histogram {
  return build({ ...SHAPE, bitBucketSize: 'packed' });
}

/** The same where there are few of them: larger, and several times as fast. */
export function newFastHistogram(): Histogram {
  return build({ ...SHAPE, bitBucketSize: 32 });
}
