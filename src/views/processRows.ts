import { inContainer } from '../explain/containerWords';
import { programAndThread } from '../explain/programName';
import { t } from '../model/l10n';
import type { ProcessSummary } from '../model/process';
import { withoutIcons } from './escape';
import { barePid } from './pid';
import { dots, shown } from './words';

/** One line of the process picker. */
export interface ProcessRow {
  readonly label: string;
  readonly description?: string;
  readonly detail?: string;
  /** Stays whatever is typed. */
  readonly alwaysShow?: boolean;
  readonly choice: { readonly pid: number } | 'show all';
}

/** The list as it stands when `typed` is in the field. `all` = the processes without io_uring are in it too. */
export function processRows(processes: readonly ProcessSummary[], typed: string, all: boolean): ProcessRow[] {
  const rows: ProcessRow[] = processes.map(processRow);
  const pid = barePid(typed);
  if (pid !== undefined && !processes.some((process) => process.pid === pid)) {
    rows.push({
      label: t('Inspect PID {0}', pid),
      description: t('not in this list'),
      alwaysShow: true,
      choice: { pid },
    });
  }
  if (!all) {
    const none = t('No process that you may look at holds io_uring or is blocked in I/O.');
    rows.push({
      label: t('Show all processes…'),
      ...(processes.length === 0 ? { detail: none } : {}),
      alwaysShow: true,
      choice: 'show all',
    });
  }
  return rows;
}

/**
 * While somebody types, the editor sorts by label. Processes of one name must not differ in it, or they would
 * stand by PID instead of the most stuck first.
 */
function processRow(process: ProcessSummary): ProcessRow {
  const { pid, user, reason, command } = process;
  return {
    label: withoutIcons(shown(programAndThread(process), 64)),
    description: withoutIcons(
      dots(`PID ${pid}`, inContainer(process), shown(reason), user !== undefined && shown(user, 32)),
    ),
    detail: withoutIcons(shown(command.join(' '), 300)),
    choice: { pid },
  };
}
