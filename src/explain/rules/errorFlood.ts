import type { Finding } from '../../model/sample';
import type { TracedOperation } from '../../model/trace';
import { adviceFor, isNatural } from '../errorAdvice';
import { fileEvidence, mainFile, ofFile, operationsNoun, percent, perSecond } from '../tracedRows';
import type { TracedRule, TracedScene } from '../tracedRule';
import { grouped, sentence } from '../words';

/** Errors of one kind, their share of the operation's completions, and how many a second that are a flood. */
const LEAST = 100;
const SHARE = 0.1;
const A_SECOND = 10;
/** Floods that are told. */
const MOST = 3;

interface Flood {
  readonly errno: string;
  readonly operation: string;
  readonly count: number;
  readonly completed: number;
  readonly rows: readonly TracedOperation[];
}

/** "97 % of the reads of descriptor 7 fail with EAGAIN: 20,000 a second." Not what is an answer: ETIME of a timeout, ENOENT of a stat. */
export const errorFlood: TracedRule = {
  tag: 'error-flood',
  check(scene) {
    const found = floods(scene.trace.operations).filter(
      ({ count, completed }) =>
        count >= LEAST && count >= SHARE * completed && perSecond(count, scene.trace) >= A_SECOND,
    );
    found.sort((a, b) => b.count - a.count);
    return found.slice(0, MOST).map((flood) => finding(scene, flood));
  },
};

/** Errors by operation and errno; completions of requests that were not seen to begin stand as an operation of their own. */
function floods(operations: readonly TracedOperation[]): Flood[] {
  const byOperation = new Map<string, TracedOperation[]>();
  for (const row of operations)
    byOperation.set(row.operation, [...(byOperation.get(row.operation) ?? []), row]);
  return [...byOperation].flatMap(([operation, rows]) => {
    const completed = rows.reduce((sum, row) => sum + row.completed, 0);
    const errnos = new Set(rows.flatMap(({ errors }) => Object.keys(errors)));
    return [...errnos]
      .filter((errno) => !isNatural(operation, errno))
      .map((errno) => {
        const of = rows.filter(({ errors }) => errors[errno] !== undefined);
        const count = of.reduce((sum, { errors }) => sum + (errors[errno] ?? 0), 0);
        return { errno, operation, count, completed, rows: of };
      });
  });
}

function finding({ trace, sample }: TracedScene, flood: Flood): Finding {
  const { errno, operation, count, completed, rows } = flood;
  const fd = mainFile(rows, ({ errors }) => errors[errno] ?? 0);
  const noun = operation === 'not seen' ? 'requests from before the trace' : operationsNoun(operation);
  const files = rows.filter((row) => row.fd !== undefined).length;
  const spread = fd === undefined && files > 1 ? ` They are of ${grouped(files)} files.` : '';
  const { meaning, remedy } = adviceFor(errno);
  return {
    tag: 'error-flood',
    severity: 'warning',
    summary: sentence(
      `${percent(count / completed)} of the ${noun}${ofFile(sample, fd)} fail with ${errno}: ${grouped(perSecond(count, trace))} a second.`,
    ),
    explanation: `${grouped(count)} of ${grouped(completed)} completions in the trace bear −${errno}: ${meaning}.${spread} A failing request is fast: it makes latencies look better than they are.`,
    remedy,
    evidence: fileEvidence(sample, fd),
  };
}
