import { programName } from '../explain/programName';
import { LABELS } from '../explain/style';
import { headline } from '../explain/summary';
import { counted, processName } from '../explain/words';
import { printable } from '../model/printable';
import type { Finding, Sample } from '../model/sample';

/** "server (4242): 100 requests stuck · 31 s". */
export function summaryLine(sample: Sample): string {
  const { pid } = sample.process;
  return `${processName({ pid, name: programName(sample.process) })}: ${headline(sample)}`;
}

/** "STUCK 100 reads of /mnt/data/db have waited 31 s …". */
export function findingLine(finding: Finding): string {
  return `${findingLabel(finding)} ${printable(finding.summary, 1000)}`;
}

/** Of a saved Sample's severity that this version does not know, too. */
export function findingLabel({ severity }: Pick<Finding, 'severity'>): string {
  return LABELS[severity] ?? 'FINDING';
}

/** The answer: how the process is, what was found, what could not be seen. */
export function announcement(sample: Sample): string {
  const { findings, notVisible } = sample;
  const blind = notVisible.length;
  return [
    summaryLine(sample),
    ...findings.map(findingLine),
    ...(blind === 0
      ? []
      : [`${counted(blind, 'thing')} could not be seen: “blind” tells which, and what would show them.`]),
    '',
  ].join('\n');
}

/** What a user of debuggers must know of this one. */
export function mannersWords(sample: Sample, saved: boolean): string {
  return saved
    ? `A saved Sample of ${printable(sample.takenAt, 40)}: it does not change. “help” tells what can be asked here.\n`
    : 'The process itself is never stopped: “pause” freezes the picture, “continue” follows the process again. “help” tells what can be asked here.\n';
}

/** What stands beside the thread of a picture that does not move: a row of the call stack has little room. */
export function frozenBadge(saved: boolean): string {
  return saved ? 'Saved Sample' : 'Picture frozen';
}

/** What a pause has done. */
export function frozenWords(sample: Sample): string {
  return `Picture frozen, the process goes on: ${headline(sample)}`;
}
