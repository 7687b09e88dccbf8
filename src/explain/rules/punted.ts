import type { Finding } from '../../model/sample';
import { WORKERS_ALWAYS } from '../operationKinds';
import {
  fileEvidence,
  mainFile,
  type OperationTotal,
  ofFile,
  operationsNoun,
  operationTotals,
  percent,
  perSecond,
} from '../tracedRows';
import type { TracedRule, TracedScene } from '../tracedRule';
import { grouped, joined, sentence } from '../words';

/** Requests of one operation, share of them, and how many a second that make it worth a sentence. */
const LEAST = 100;
const SHARE = 0.2;
const A_SECOND = 10;

/**
 * "97 % of the reads of /data/db went to io-wq workers." Of operations that could do without; opens and syncs always need a worker.
 */
export const punted: TracedRule = {
  tag: 'punted',
  check(scene) {
    const many = operationTotals(scene.trace).filter((total) => isMuch(scene, total));
    many.sort((a, b) => b.punted - a.punted);
    const [first, ...others] = many;
    return first ? [finding(scene, first, others)] : [];
  },
};

function isMuch({ trace }: TracedScene, { operation, seen, punted: count }: OperationTotal): boolean {
  if (WORKERS_ALWAYS.has(operation)) return false;
  return count >= LEAST && count >= SHARE * seen && perSecond(count, trace) >= A_SECOND;
}

function finding(
  { trace, sample }: TracedScene,
  first: OperationTotal,
  others: readonly OperationTotal[],
): Finding {
  const fd = mainFile(first.rows, (row) => row.punted);
  const also = others
    .slice(0, 3)
    .map(
      ({ operation, punted: count, seen }) =>
        `${percent(Math.min(1, count / seen))} of the ${operationsNoun(operation)}`,
    );
  return {
    tag: 'punted',
    severity: 'info',
    summary: sentence(
      `${percent(Math.min(1, first.punted / first.seen))} of the ${operationsNoun(first.operation)}${ofFile(sample, fd)} went to io-wq workers: ${grouped(perSecond(first.punted, trace))} a second.`,
    ),
    explanation: `${grouped(first.punted)} of ${grouped(first.seen)} were handed to a kernel thread, for they could not go on without waiting${
      first.forced > 0 ? ', or were to' : ''
    }. Each costs a wake-up and another thread’s time, tens of microseconds, and waits for a worker that is free.${
      also.length > 0 ? ` So did ${joined(also)}.` : ''
    }`,
    remedy: remedyOf(first),
    evidence: fileEvidence(sample, fd),
  };
}

function remedyOf({ operation, punted: count, forced }: OperationTotal): string {
  if (forced >= SHARE * count)
    return `The program asks for it: ${forced >= count ? 'all' : grouped(forced)} of them bear IOSQE_ASYNC. Leave it out where the operation need not block: the kernel then tries at once, and waits for readiness without a worker.`;
  if (/^(READ|READV|READ_FIXED)$/.test(operation))
    return 'The data was not in the page cache, and the file system cannot wait for it without a worker. Read ahead (posix_fadvise, IORING_OP_FADVISE), or open with O_DIRECT; of a pipe or terminal that cannot be polled, open it anew.';
  if (/^(WRITE|WRITEV|WRITE_FIXED)$/.test(operation))
    return 'The file system cannot take them without waiting: it extends the file, has a page locked, or knows no such writes. Allocate the file beforehand (fallocate), write with O_DIRECT into what is allocated; writes of one file go one after another anyway.';
  if (/^(SEND|RECV|ACCEPT|CONNECT)/.test(operation))
    return 'Sockets are polled and need no worker: see whether the descriptor is one that cannot be polled, or MSG_WAITALL is asked for.';
  return 'See whether the operation or its file can be had without blocking; limit the workers with io_uring_register_iowq_max_workers where they compete.';
}
