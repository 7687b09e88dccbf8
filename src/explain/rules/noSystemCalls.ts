import { percent, perSecond } from '../tracedRows';
import type { TracedRule } from '../tracedRule';
import { grouped, ringName } from '../words';

/** Submissions a second that prove something. */
const A_SECOND = 100;
/** Of the submissions, the share that a kernel thread took up; calls to a submission. */
const NEARLY_ALL = 0.99;
const NEARLY_NONE = 0.01;

/** The proof that SQPOLL does what it is for. */
export const noSystemCalls: TracedRule = {
  tag: 'no-system-calls',
  check({ trace, sample }) {
    const { systemCalls: enters, submitted, polledSubmits = 0 } = trace;
    if (enters === undefined || perSecond(submitted, trace) < A_SECOND) return [];
    if (polledSubmits < NEARLY_ALL * submitted || enters > NEARLY_NONE * submitted) return [];
    const polled = sample.rings.filter(
      ({ setup, sqpollTid }) => setup.includes('SQPOLL') || typeof sqpollTid === 'number',
    );
    const [ring] = polled;
    const who = ring && polled.length === 1 ? ringName(ring) : 'the rings';
    return [
      {
        tag: 'no-system-calls',
        severity: 'info',
        summary: `SQPOLL makes no system calls for ${who}: ${grouped(perSecond(enters, trace))} io_uring_enter/s beside ${grouped(perSecond(submitted, trace))} submissions/s.`,
        explanation: `In the trace ${grouped(polledSubmits)} of ${grouped(submitted)} submissions were taken up by a kernel thread, and io_uring_enter was called ${grouped(enters)} times: for ${percent(enters / submitted)} of them.`,
        remedy:
          'Nothing is wrong: this is what IORING_SETUP_SQPOLL is for. It keeps a processor busy meanwhile.',
        evidence: polled.map(({ id }) => ({ ring: id })),
      },
    ];
  },
};
