import type { Finding } from '../../model/sample';
import type { TracedRequest, TraceSummary } from '../../model/trace';
import { WAITING } from '../operationKinds';
import { span } from '../reportTrace';
import {
  fileEvidence,
  mainFile,
  type OperationTotal,
  ofFile,
  operationsNoun,
  operationTotals,
} from '../tracedRows';
import type { TracedRule, TracedScene } from '../tracedRule';
import { counted, grouped, operationCounts, operationNoun, sentence } from '../words';

/** Seconds that a request which waits for nobody is pending, and how often as long as the slowest of its kind, that is too long. */
const LONG = 2;
const TIMES = 10;
/** Requests of one file that pile up: so many, and more than have completed. */
const PILE = 32;

/** Requests submitted in the trace that should have completed in it; and piles on one file that nobody answers. */
export const neverCompleted: TracedRule = {
  tag: 'never-completed',
  check(scene) {
    const stuck = scene.trace.oldest.filter((request) => isOverdue(scene.trace, request));
    return [...(stuck.length > 0 ? [overdue(scene, stuck)] : []), ...piles(scene)];
  },
};

function isOverdue({ operations }: TraceSummary, request: TracedRequest): boolean {
  if (WAITING.has(request.operation) || request.pollArmed !== undefined || request.took < LONG) return false;
  const slowest = operations
    .filter(({ operation, fd }) => operation === request.operation && fd === request.fd)
    .reduce((most, { latency }) => Math.max(most, latency?.most ?? 0), 0);
  return request.took >= TIMES * slowest;
}

function overdue({ sample }: TracedScene, stuck: readonly TracedRequest[]): Finding {
  const [oldest] = stuck;
  const fds = new Set(stuck.map(({ fd }) => fd));
  const fd = fds.size === 1 ? oldest?.fd : undefined;
  const inWorker = stuck.filter(({ punted }) => punted !== undefined).length;
  const deferred = stuck.filter(({ deferred: behind }) => behind !== undefined).length;
  const where = [
    inWorker > 0 ? `${grouped(inWorker)} went to an io-wq worker` : '',
    deferred > 0 ? `${grouped(deferred)} were deferred behind a drain` : '',
  ].filter(Boolean);
  return {
    tag: 'never-completed',
    severity: 'warning',
    summary: sentence(
      `${operationCounts(stuck.map(({ operation }) => operation))}${ofFile(sample, fd)} submitted in the trace ${stuck.length === 1 ? 'has' : 'have'} not completed, the oldest for ${span(oldest?.took ?? 0)}.`,
    ),
    explanation: `They wait for no event of another, and others of their kind took less than a tenth of that, or none has completed.${where.length > 0 ? ` ${where.join(', ')}.` : ''} Until they complete, the kernel holds their files and may write to their buffers.`,
    remedy: `See in the requests what each waits for, and below “Pending” of the trace where it was submitted. Look for user_data ${oldest?.userData ?? ''} in the program.`,
    evidence: fileEvidence(sample, fd),
  };
}

function piles({ trace, sample }: TracedScene): Finding[] {
  return operationTotals(trace).flatMap((total) => {
    const fd = mainFile(total.rows, ({ pending = 0 }) => pending);
    const row = total.rows.find((one) => one.fd === fd);
    const { pending = 0, completed = 0 } = row ?? {};
    return fd !== undefined && pending >= PILE && pending > completed
      ? [pile({ trace, sample }, total, fd, pending, completed)]
      : [];
  });
}

function pile(
  { sample }: TracedScene,
  { operation }: OperationTotal,
  fd: number,
  pending: number,
  completed: number,
): Finding {
  return {
    tag: 'never-completed',
    severity: 'info',
    summary: sentence(
      `${counted(pending, operationNoun(operation))}${ofFile(sample, fd)} submitted in the trace ${pending === 1 ? 'is' : 'are'} still pending; ${grouped(completed)} completed meanwhile.`,
    ),
    explanation: `More ${operationsNoun(operation)} are submitted on this file than complete. If the program has given them up, each keeps its memory, its file and its buffer in use.`,
    remedy:
      'Cancel what is given up (IORING_OP_ASYNC_CANCEL, or a linked timeout) and wait for its completion before the buffer is freed.',
    evidence: fileEvidence(sample, fd),
  };
}
