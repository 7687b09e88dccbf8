import type { Finding, Severity } from '../model/sample';

export const EXIT = { ok: 0, error: 1, finding: 3, notInspected: 4 } as const;

const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];

/** `finding` where one is as severe as `failOn`, or more. */
export function exitCode(
  failOn: Severity | undefined,
  findings: readonly Pick<Finding, 'severity'>[],
): number {
  if (failOn === undefined) return EXIT.ok;
  const least = SEVERITIES.indexOf(failOn);
  return findings.some(({ severity }) => SEVERITIES.indexOf(severity) >= least) ? EXIT.finding : EXIT.ok;
}
