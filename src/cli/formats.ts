import { chromeTrace } from '../inspect/exports/chromeTrace';
import { collapsedStacks } from '../inspect/exports/collapsedStacks';
import { requestsCsv } from '../inspect/exports/requestsCsv';
import { measured } from '../inspect/measure';
import type { Sample } from '../model/sample';
import type { Format } from './arguments';

/** A Sample as other tools read it. */
export function written(format: Format, sample: Sample): string {
  switch (format) {
    case 'csv':
      return requestsCsv(sample);
    case 'stacks':
      return collapsedStacks(sample);
    case 'chrome-trace':
      return chromeTrace(sample, [measured(sample)]);
  }
}
