import { meanDepth, perSecond } from '../tracedRows';
import type { TracedRule } from '../tracedRule';
import { grouped } from '../words';

/** Calls, calls a second, and submissions each, that make it worth a sentence. */
const LEAST = 1000;
const A_SECOND = 500;
const FEW = 1.5;
/** Requests in flight on average: where there is one alone, none can be put together. */
const DEEP = 1.5;

/** "1.0 submissions per io_uring_enter." Info: what it costs is a system call a request, which may be what the program wants. */
export const smallBatches: TracedRule = {
  tag: 'small-batches',
  check({ trace }) {
    const { systemCalls: enters = 0, submitted, polledSubmits = 0 } = trace;
    const own = submitted - polledSubmits;
    if (enters < LEAST || perSecond(enters, trace) < A_SECOND || own < LEAST) return [];
    const each = own / enters;
    if (each >= FEW) return [];
    const depth = Math.round(meanDepth(trace) * 10) / 10;
    const alone = depth < DEEP;
    return [
      {
        tag: 'small-batches',
        severity: 'info',
        summary: `The program submits ${each.toFixed(1)} requests with each io_uring_enter: ${grouped(perSecond(enters, trace))} system calls a second for ${grouped(perSecond(own, trace))} requests.`,
        explanation: `${grouped(enters)} calls took ${grouped(own)} submissions. A system call for each request is what io_uring is there to spare. ${
          alone
            ? `With ${depth} in flight on average there is little to put together: each waits for the one before.`
            : `${depth} are in flight on average: several could be submitted together.`
        }`,
        remedy: alone
          ? 'Submit the next requests before the first completes, and wait and submit in one call (io_uring_submit_and_wait).'
          : 'Prepare all requests of one turn of the loop and submit once; wait and submit in one call (io_uring_submit_and_wait), or let a kernel thread take them up (IORING_SETUP_SQPOLL).',
        evidence: [],
      },
    ];
  },
};
