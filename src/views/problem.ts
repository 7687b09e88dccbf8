import type { InspectionProblem } from '../inspect/problem';
import { t } from '../model/l10n';
import { printable } from '../model/printable';
import { withoutLinks } from './escape';
import { COMMANDS, SECTION, SETTINGS } from './ids';

/** A button of an error message. */
export interface Way {
  readonly title: string;
  readonly command: string;
  readonly argument?: string;
}

const PICK: Way = { title: t('Pick Another Process'), command: COMMANDS.inspect };
const OPEN: Way = { title: t('Open Another File'), command: COMMANDS.openSample };

const WAYS: Partial<Record<InspectionProblem['code'], Way>> = {
  'bad-pid': { title: t('Enter Another PID'), command: COMMANDS.attachByPid },
  'no-such-process': PICK,
  'process-gone': PICK,
  'kernel-thread': PICK,
  zombie: PICK,
  'not-linux': { title: t('Inspect on a Host…'), command: COMMANDS.inspectOnHost },
  'host-lost': { title: t('Try Again Now'), command: COMMANDS.tryAgain },
  'not-permitted': PICK,
  'not-a-sample': OPEN,
  'newer-sample': OPEN,
  'file-unreadable': OPEN,
  'file-unwritable': { title: t('Save Elsewhere'), command: COMMANDS.saveSample },
  'kernel-tree': {
    title: t('Open Settings'),
    command: 'workbench.action.openSettings',
    argument: `${SECTION}.${SETTINGS.kernelSource}`,
  },
  'probe-missing': {
    title: t('Open Settings'),
    command: 'workbench.action.openSettings',
    argument: `${SECTION}.${SETTINGS.probePath}`,
  },
};

/** What helps against it, if a command of ours does. */
export function wayOut({ code }: InspectionProblem): Way | undefined {
  return WAYS[code];
}

/** The sentences of a message. */
export function problemText({ what, why, remedy }: InspectionProblem): string {
  const text = [what, why, remedy].filter(Boolean).join(' ');
  return withoutLinks(printable(text));
}

/** What “Copy Details” copies: for a bug report. */
export function problemDetails(problem: InspectionProblem, about: readonly string[]): string {
  const { code, what, why, remedy } = problem;
  const lines = [
    `Problem: ${what}`,
    `Reason: ${why}`,
    remedy && `Remedy: ${remedy}`,
    `Code: ${code}`,
    ...about,
  ];
  return `${lines
    .filter(Boolean)
    .map((line) => printable(String(line)))
    .join('\n')}\n`;
}
