import { UserError } from '../model/errors';
import { t } from '../model/l10n';

/** The kernel's PID_MAX_LIMIT on 64-bit machines. */
const LARGEST = 4_194_304;

/** A pid as a person types it; throws bad-pid. */
export function parsePid(text: string): number {
  const pid = /^\s*\d{1,7}\s*$/.test(text) ? Number(text) : 0;
  if (pid >= 1 && pid <= LARGEST) return pid;
  throw new UserError(
    'bad-pid',
    t('That is not a process ID.'),
    t('A process ID is a whole number from 1 to {0}.', LARGEST),
    t('Pick the process from the list, or find its number with “ps” or “pgrep”.'),
  );
}

/** The pid in a text that holds nothing else. */
export function barePid(text: string): number | undefined {
  try {
    return parsePid(text);
  } catch {
    return undefined;
  }
}
