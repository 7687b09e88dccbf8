import type { Finding } from '../model/sample';
import { SEVERITIES } from './options';

export const EXIT = { ok: 0, error: 1, finding: 3, notInspected: 4 } as const;

/** When it exits so, in the order in which it is told. */
export const EXIT_TELLS: Readonly<Record<keyof typeof EXIT, string>> = {
  ok: 'inspected (without --fail-on: whatever was found)',
  error: 'wrong use or an error of ours',
  finding: 'a finding of --fail-on severity or worse',
  notInspected:
    'the process, one of the hosts, or of a list with --fail-on one of the suspicious processes, could not be inspected (3 where both hold)',
};

/** `finding` where one is as severe as `failOn`, or more, or has it as its tag. */
export function exitCode(
  failOn: string | undefined,
  findings: readonly Pick<Finding, 'severity' | 'tag'>[],
): number {
  if (failOn === undefined) return EXIT.ok;
  const least = SEVERITIES.map(String).indexOf(failOn);
  const fails =
    least < 0
      ? findings.some(({ tag }) => tag === failOn)
      : findings.some(({ severity }) => SEVERITIES.indexOf(severity) >= least);
  return fails ? EXIT.finding : EXIT.ok;
}
