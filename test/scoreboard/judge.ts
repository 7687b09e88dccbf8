import type { Sample } from '../../src/model/sample';
import type { Right } from './scenario';

export interface Verdict {
  readonly right: boolean;
  /** The first finding’s sentence. */
  readonly answer: string;
  /** Findings above info of a process that nothing is wrong with. */
  readonly falseAlarms: number;
  /** What the answer lacks. */
  readonly lacks: readonly string[];
}

/** Holds the first finding to the known cause. A healthy process has no finding above info, first or not. */
export function judge(
  sample: Sample,
  { severity, says, also = [], besides = [] }: Right,
  healthy: boolean,
): Verdict {
  const [first] = sample.findings;
  if (first === undefined) return { right: false, answer: '', falseAlarms: 0, lacks: ['a finding'] };
  const words = `${first.summary} ${first.explanation}`;
  const alarms = healthy ? sample.findings.filter((finding) => finding.severity !== 'info').length : 0;
  const graves = sample.findings.filter((finding) => finding.severity === first.severity);
  const lacks = [
    ...([severity].flat().includes(first.severity)
      ? []
      : [`severity ${[severity].flat().join(' or ')}, not ${first.severity}`]),
    ...says.filter((pattern) => !pattern.test(words)).map(String),
    ...also.filter((pattern) => !graves.some(({ summary }) => pattern.test(summary))).map(String),
    ...besides
      .filter((pattern) => !sample.findings.some(({ summary }) => pattern.test(summary)))
      .map((pattern) => `beside it ${pattern}`),
    ...(alarms > 0 ? ['silence: nothing is wrong'] : []),
  ];
  return { right: lacks.length === 0, answer: first.summary, falseAlarms: alarms, lacks };
}
