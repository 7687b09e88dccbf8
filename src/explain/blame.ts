import type { Request, Sample, Severity, Task } from '../model/sample';

const ORDER: readonly Severity[] = ['critical', 'warning', 'info'];

interface Blame {
  readonly tasks: ReadonlyMap<number, Severity>;
  /** One set a severity, in ORDER. */
  readonly requests: readonly ReadonlySet<Request>[];
}

const known = new WeakMap<Sample, Blame>();

/** Of the gravest finding that points to it. */
export function severityOf(item: Task | Request, sample: Sample): Severity | undefined {
  const { tasks, requests } = blame(sample);
  return 'tid' in item ? tasks.get(item.tid) : ORDER.find((_, index) => requests[index]?.has(item));
}

/** Of the gravest finding that points to any of them. */
export function gravestOf(items: readonly Request[], sample: Sample): Severity | undefined {
  const { requests } = blame(sample);
  return ORDER.find((_, index) => {
    const blamed = requests[index];
    return blamed !== undefined && blamed.size > 0 && items.some((item) => blamed.has(item));
  });
}

function blame(sample: Sample): Blame {
  const before = known.get(sample);
  if (before) return before;
  const tasks = new Map<number, Severity>();
  const requests = ORDER.map(() => new Set<Request>());
  ORDER.forEach((severity, index) => {
    for (const finding of sample.findings.filter((candidate) => candidate.severity === severity)) {
      for (const item of finding.evidence) {
        if ('task' in item && !tasks.has(item.task)) tasks.set(item.task, severity);
        const request = 'request' in item ? sample.requests[item.request] : undefined;
        if (request) requests[index]?.add(request);
      }
    }
  });
  const found: Blame = { tasks, requests };
  known.set(sample, found);
  return found;
}
