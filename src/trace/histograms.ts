import { build, type Histogram } from 'hdr-histogram-js';

export type { Histogram } from 'hdr-histogram-js';

/** Nanoseconds: a day. */
export const LONGEST = 86_400e9;

/** dist/histograms.js: the library that counts latencies, exact to 1 %; loaded once something is traced. Values are nanoseconds from 1 to LONGEST. */
export function newHistogram(): Histogram {
  return build({
    bitBucketSize: 'packed',
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST,
    numberOfSignificantValueDigits: 2,
  });
}
