import type { HistoryPoint } from '../model/history';
import { t } from '../model/l10n';
import type { Sample } from '../model/sample';
import type { TraceDetails } from '../model/traceDetails';

export interface ExportFormat {
  readonly id: 'csv' | 'stacks' | 'chrome-trace' | 'metrics' | 'report' | 'traced-csv' | 'traced-stacks';
  readonly label: string;
  /** What reads it. */
  readonly detail: string;
  /** Ends the file's name. */
  readonly extension: string;
  /** There is nothing to write unless it was traced. */
  readonly traced?: true;
  text(inspected: Exported): Promise<string>;
}

/** An inspection's Sample, how it has gone, the seconds its last look took, and what was traced of it. */
export interface Exported {
  readonly sample: Sample;
  readonly points: readonly HistoryPoint[];
  readonly cost?: number | undefined;
  readonly traced?: TraceDetails | undefined;
}

/** What an inspection can be written as, for other programs. Each is loaded when it is asked for. */
export const EXPORT_FORMATS: readonly ExportFormat[] = [
  {
    id: 'csv',
    label: t('Requests as CSV'),
    detail: t('A row for each pending request, for a spreadsheet'),
    extension: 'csv',
    text: async ({ sample }) => (await import('../inspect/exports/requestsCsv')).requestsCsv(sample),
  },
  {
    id: 'stacks',
    label: t('Stacks for a Flame Graph'),
    detail: t('Collapsed stacks of all tasks, for flamegraph.pl, inferno or speedscope'),
    extension: 'folded',
    text: async ({ sample }) => (await import('../inspect/exports/collapsedStacks')).collapsedStacks(sample),
  },
  {
    id: 'chrome-trace',
    label: t('Chrome Trace'),
    detail: t(
      'How it went since it is inspected, traced requests, and what is pending now, for ui.perfetto.dev',
    ),
    extension: 'trace.json',
    text: async ({ sample, points, traced }) =>
      (await import('../inspect/exports/chromeTrace')).chromeTrace(sample, points, traced),
  },
  {
    id: 'metrics',
    label: t('OpenMetrics'),
    detail: t('Numbers of this moment, and traced latencies, as Prometheus reads them'),
    extension: 'prom',
    text: async ({ sample, points, cost, traced }) => {
      const counted = points.flatMap(({ probe }) => probe ?? []);
      const probe = counted.length > 0 ? counted.reduce((a, b) => a + b) : undefined;
      const { openMetrics } = await import('../inspect/exports/openMetrics');
      return openMetrics([
        { sample, ...(cost === undefined ? {} : { cost }), probe, ...(traced ? { traced } : {}) },
      ]);
    },
  },
  {
    id: 'report',
    label: t('Report as Text'),
    detail: t('What the command line prints'),
    extension: 'txt',
    text: async ({ sample }) => (await import('../explain/report')).reportText(sample),
  },
  {
    id: 'traced-csv',
    label: t('Traced Requests as CSV'),
    detail: t('A row for each request that completed while it was traced, with its latency'),
    extension: 'traced.csv',
    traced: true,
    text: async ({ traced }) =>
      traced ? (await import('../inspect/exports/tracedCsv')).tracedCsv(traced) : '',
  },
  {
    id: 'traced-stacks',
    label: t('Submit Stacks by Latency'),
    detail: t('Where traced requests were submitted, weighted by how long they took, for a flame graph'),
    extension: 'latency.folded',
    traced: true,
    text: async ({ sample, traced }) =>
      traced ? (await import('../inspect/exports/latencyStacks')).latencyStacks(sample, traced) : '',
  },
];
