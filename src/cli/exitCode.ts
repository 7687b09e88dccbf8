import type { Finding, Severity } from '../model/sample';

export const EXIT = { ok: 0, error: 1, finding: 3, notInspected: 4 } as const;

const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];

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
