import type { HistoryPoint } from '../model/history';
import type { Sample } from '../model/sample';

export interface ExportFormat {
  readonly id: 'csv' | 'stacks' | 'chrome-trace' | 'metrics' | 'report';
  readonly label: string;
  /** What reads it. */
  readonly detail: string;
  /** Ends the file's name. */
  readonly extension: string;
  /** Of an inspection's Sample, how it has gone, and the seconds its last look took. */
  text(sample: Sample, points: readonly HistoryPoint[], cost: number | undefined): Promise<string>;
}

/** What an inspection can be written as, for other programs. Each is loaded when it is asked for. */
export const EXPORT_FORMATS: readonly ExportFormat[] = [
  {
    id: 'csv',
    label: 'Requests as CSV',
    detail: 'A row for each pending request, for a spreadsheet',
    extension: 'csv',
    text: async (sample) => (await import('../inspect/exports/requestsCsv')).requestsCsv(sample),
  },
  {
    id: 'stacks',
    label: 'Stacks for a Flame Graph',
    detail: 'Collapsed stacks of all tasks, for flamegraph.pl, inferno or speedscope',
    extension: 'folded',
    text: async (sample) => (await import('../inspect/exports/collapsedStacks')).collapsedStacks(sample),
  },
  {
    id: 'chrome-trace',
    label: 'Chrome Trace',
    detail: 'How it went since it is inspected, and what is pending now, for ui.perfetto.dev',
    extension: 'trace.json',
    text: async (sample, points) =>
      (await import('../inspect/exports/chromeTrace')).chromeTrace(sample, points),
  },
  {
    id: 'metrics',
    label: 'OpenMetrics',
    detail: 'Numbers of this moment, as Prometheus reads them',
    extension: 'prom',
    text: async (sample, _, cost) => {
      const { openMetrics } = await import('../inspect/exports/openMetrics');
      return openMetrics([{ sample, ...(cost === undefined ? {} : { cost }) }]);
    },
  },
  {
    id: 'report',
    label: 'Report as Text',
    detail: 'What the command line prints',
    extension: 'txt',
    text: async (sample) => (await import('../explain/report')).reportText(sample),
  },
];
