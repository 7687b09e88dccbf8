import { chromeTrace } from '../inspect/exports/chromeTrace';
import { collapsedStacks } from '../inspect/exports/collapsedStacks';
import { latencyStacks } from '../inspect/exports/latencyStacks';
import { openMetrics } from '../inspect/exports/openMetrics';
import { requestsCsv } from '../inspect/exports/requestsCsv';
import { tracedCsv } from '../inspect/exports/tracedCsv';
import { measured } from '../inspect/measure';
import type { Sample } from '../model/sample';
import type { TraceDetails } from '../model/traceDetails';
import type { Format } from './options';

/** A Sample as other tools read it; `traced`: what was traced before it was taken. */
export function written(format: Format, sample: Sample, traced?: TraceDetails): string {
  switch (format) {
    case 'csv':
      return requestsCsv(sample);
    case 'stacks':
      return collapsedStacks(sample);
    case 'chrome-trace':
      return chromeTrace(sample, [measured(sample)], traced);
    case 'metrics':
      return openMetrics([{ sample, ...(traced ? { traced } : {}) }]);
    case 'traced-csv':
      return traced ? tracedCsv(traced) : '';
    case 'traced-stacks':
      return traced ? latencyStacks(sample, traced) : '';
  }
}
