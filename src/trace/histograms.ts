import { build, type Histogram } from 'hdr-histogram-js';
import { LONGEST } from './statistics';

export type { Histogram } from 'hdr-histogram-js';

/** dist/histograms.js: the library that counts latencies, exact to 1 %; loaded once something is traced. Values are nanoseconds from 1 to LONGEST. */
export function newHistogram(): Histogram {
  return build({
    bitBucketSize: 'packed',
    lowestDiscernibleValue: 1,
    highestTrackableValue: LONGEST,
    numberOfSignificantValueDigits: 2,
  });
}
