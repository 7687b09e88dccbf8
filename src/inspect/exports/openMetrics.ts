import { inFlight, uncollected } from '../../explain/ringCounts';
import { stuckCount } from '../../explain/summary';
import { printable } from '../../model/printable';
import type { Sample } from '../../model/sample';
import type { TraceDetails } from '../../model/traceDetails';
import { measured } from '../measure';
import { latencyHistogram } from './latencyHistogram';

export const OPEN_METRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

export type Labels = Readonly<Record<string, string | number>>;

interface Family {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly rows: readonly (readonly [Labels, number | undefined])[];
}

/**
 * The Samples of some processes in the OpenMetrics text format 1.0. Counters of a ring are the kernel's, of 32 bits: where they
 * wrap, it is a reset to who reads them. `cost` = seconds that the look took; `probe` = seconds of a processor of its host that the probe
 * has taken so far, for all processes; `traced`: what a trace before it tells.
 */
export function openMetrics(all: Looked): string {
  const families = [...ringFamilies(all), ...processFamilies(all)];
  const rows = all.flatMap(({ sample, traced }) =>
    traced ? [{ labels: processLabels(sample), latencies: traced.latencies }] : [],
  );
  return `${families.map(familyText).join('')}${latencyHistogram(rows, labelText)}# EOF\n`;
}

export interface LookedAt {
  readonly sample: Sample;
  readonly cost?: number;
  readonly probe?: number | undefined;
  readonly traced?: TraceDetails;
}

type Looked = readonly LookedAt[];

function ringFamilies(all: Looked): Family[] {
  const rings = all.flatMap(({ sample }) =>
    sample.rings.map((ring) => ({
      ring,
      sample,
      labels: { ...processLabels(sample), ring: ring.id, fd: ring.fd ?? '' },
    })),
  );
  const states = all.flatMap(({ sample }) =>
    measured(sample).rings.flatMap(({ id, states: counts }) =>
      Object.entries(counts).map(
        ([state, count]) => [{ ...processLabels(sample), ring: id, state }, count] as const,
      ),
    ),
  );
  return [
    gauge(
      'in_flight',
      'Requests submitted and not completed.',
      rings.map(({ labels, ring }) => [labels, inFlight(ring)]),
    ),
    gauge('requests', 'Listed requests by where they stand.', states),
    counter(
      'submitted',
      'SQEs that the kernel has taken.',
      rings.map(({ labels, ring }) => [labels, ring.sqHead]),
    ),
    counter(
      'completed',
      'CQEs that the kernel has posted.',
      rings.map(({ labels, ring }) => [labels, ring.cqTail]),
    ),
    gauge(
      'unreaped',
      'CQEs that the program has not reaped.',
      rings.map(({ labels, ring }) => [labels, uncollected(ring)]),
    ),
    gauge(
      'overflowed',
      'CQEs that found no room in the ring.',
      rings.map(({ labels, ring }) => [labels, ring.overflowed]),
    ),
  ];
}

function processFamilies(all: Looked): Family[] {
  const points = all.map(({ sample, cost, probe }) => ({
    sample,
    probe,
    point: measured(sample, undefined, cost),
    labels: processLabels(sample),
  }));
  return [
    gauge(
      'oldest_pending_seconds',
      'Age of the oldest pending request, at least.',
      points.map(({ labels, point }) => [labels, point.oldest]),
    ),
    gauge(
      'stuck_requests',
      'Requests that critical findings call stuck.',
      points.map(({ labels, sample }) => [labels, stuckCount(sample)]),
    ),
    gauge(
      'workers',
      'io-wq workers.',
      points.flatMap(({ labels, point: { workers } }) => [
        [{ ...labels, kind: 'busy' }, workers.busy],
        [{ ...labels, kind: 'all' }, workers.all],
        [{ ...labels, kind: 'limit' }, workers.limit],
      ]),
    ),
    gauge(
      'findings',
      'What is found, by its tag.',
      points.flatMap(({ labels, sample }) =>
        [...countsOf(sample)].map(([key, count]) => {
          const [severity = '', tag = ''] = key.split(' ');
          return [{ ...labels, tag, severity }, count] as const;
        }),
      ),
    ),
    gauge(
      'look_seconds',
      'Time that the last look took.',
      points.map(({ labels, point }) => [labels, point.cost]),
    ),
    counter(
      'probe_cpu_seconds',
      'Processor time of its host that the probe has taken.',
      points.map(({ labels, probe }) => [labels, probe]),
    ),
  ];
}

function countsOf({ findings }: Sample): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { tag, severity } of findings) {
    const key = `${severity} ${tag}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function processLabels({ process: { pid, name }, host }: Sample): Labels {
  return { host: host.name, pid, process: name };
}

function gauge(name: string, help: string, rows: Family['rows']): Family {
  return { name: `io_uring_${name}`, type: 'gauge', help, rows };
}

function counter(name: string, help: string, rows: Family['rows']): Family {
  return { name: `io_uring_${name}`, type: 'counter', help, rows };
}

function familyText({ name, type, help, rows }: Family): string {
  const lines = rows.flatMap(([labels, value]) =>
    value === undefined
      ? []
      : [`${name}${type === 'counter' ? '_total' : ''}{${labelText(labels)}} ${value}\n`],
  );
  if (lines.length === 0) return '';
  return `# TYPE ${name} ${type}\n# HELP ${name} ${help}\n${lines.join('')}`;
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(printable(String(value), 200))}"`)
    .join(',');
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
