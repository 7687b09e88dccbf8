import { percent, perSecond } from '../tracedRows';
import type { TracedRule } from '../tracedRule';
import { counted, grouped } from '../words';

/** Completions that overflowed during the trace, although the looks after it may find none. */
export const overflowedMeanwhile: TracedRule = {
  tag: 'cq-overflow',
  check({ trace, sample }) {
    const { overflowed, completed } = trace;
    if (overflowed === 0 || sample.findings.some(({ tag }) => tag === 'cq-overflow')) return [];
    const sizes = sample.rings.flatMap(({ cqEntries }) => cqEntries ?? []);
    const size = sizes.length > 0 ? ` (the smallest has ${grouped(Math.min(...sizes))} entries)` : '';
    return [
      {
        tag: 'cq-overflow',
        severity: 'warning',
        summary: `${counted(overflowed, 'completion')} found no place in the completion queue during the trace: ${grouped(perSecond(overflowed, trace))} a second, ${percent(Math.min(1, overflowed / Math.max(1, completed)))} of all.`,
        explanation: `The kernel keeps them on a list, allocated one by one, and hands them on only when the program enters it again${size}: each is late, and without memory it is lost.`,
        remedy:
          'Reap more often, or have fewer requests in flight than the queue has entries; make it larger (IORING_SETUP_CQSIZE).',
        evidence: [],
      },
    ];
  },
};
