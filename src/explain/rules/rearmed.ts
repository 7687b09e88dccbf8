import type { Finding } from '../../model/sample';
import type { TracedOperation } from '../../model/trace';
import { span } from '../reportTrace';
import {
  fileEvidence,
  mainFile,
  type OperationTotal,
  ofFile,
  operationsNoun,
  operationTotals,
  perSecond,
} from '../tracedRows';
import type { TracedRule, TracedScene } from '../tracedRule';
import { grouped, sentence } from '../words';

/** Times that a request is armed on average, arms, and arms a second that are a storm. */
const TIMES = 4;
const LEAST = 500;
const A_SECOND = 100;
/** Polls of one file that completed, a second: each a submission of its own. */
const POLLS_A_SECOND = 500;
/** Seconds: a poll that takes less has waited for nothing. */
const AT_ONCE = 20e-6;

/** Requests that are armed for poll again and again, for another takes what they woke for; and one-shot polls armed anew for each event. */
export const rearmed: TracedRule = {
  tag: 're-armed',
  check(scene) {
    const totals = operationTotals(scene.trace);
    return [
      ...totals.filter((total) => isStorm(scene, total)).map((total) => herd(scene, total)),
      ...totals
        .filter(({ operation }) => operation === 'POLL_ADD')
        .flatMap((total) => oneShots(scene, total)),
    ];
  },
};

function isStorm({ trace }: TracedScene, { pollArmed, seen }: OperationTotal): boolean {
  return pollArmed >= LEAST && pollArmed >= TIMES * seen && perSecond(pollArmed, trace) >= A_SECOND;
}

function herd({ trace, sample }: TracedScene, { operation, rows, seen, pollArmed }: OperationTotal): Finding {
  const fd = mainFile(rows, (row) => row.pollArmed);
  return {
    tag: 're-armed',
    severity: 'info',
    summary: sentence(
      `${operationsNoun(operation)}${ofFile(sample, fd)} are armed for poll again and again: ${grouped(perSecond(pollArmed, trace))} times a second for ${grouped(seen)} requests.`,
    ),
    explanation:
      'Each wakes, finds nothing to take and waits anew: several requests wait on one file and all wake for what one of them gets, or another thread or process takes it first.',
    remedy:
      'Keep fewer requests waiting on one file, one multishot request instead (recv and accept multishot with a buffer group); share a listening socket by SO_REUSEPORT.',
    evidence: fileEvidence(sample, fd),
  };
}

function oneShots({ trace, sample }: TracedScene, { rows }: OperationTotal): Finding[] {
  const count = ({ latency }: TracedOperation) => latency?.count ?? 0;
  const row = rows.find((one) => one.fd !== undefined && perSecond(count(one), trace) >= POLLS_A_SECOND);
  if (!row?.latency || count(row) < LEAST) return [];
  const atOnce = row.latency.p90 <= AT_ONCE;
  return [
    {
      tag: 're-armed',
      severity: 'info',
      summary: sentence(
        `one-shot polls${ofFile(sample, row.fd)} are armed anew ${grouped(perSecond(count(row), trace))} times a second.`,
      ),
      explanation: atOnce
        ? `The file is ready whenever it is asked: nine of ten polls took no more than ${span(row.latency.p90)}. Polling waits for nothing then, and a loop around it never rests.`
        : 'Each event costs a submission of its own, and what happens between two polls is found only with the next one.',
      remedy: atOnce
        ? 'Poll only after a read or write said EAGAIN, and for what the program is going to do: POLLOUT of an idle socket is always ready. Let io_uring read or write itself: it waits where it must.'
        : 'Arm once with IORING_POLL_ADD_MULTI, or submit the read itself: it waits for readiness without a poll of the program’s.',
      evidence: fileEvidence(sample, row.fd),
    },
  ];
}
