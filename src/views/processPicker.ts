import * as vscode from 'vscode';
import { t } from '../model/l10n';
import type { ProcessSummary } from '../model/process';
import { type ProcessRow, processRows } from './processRows';

export type ListProcesses = (all: boolean, signal: AbortSignal) => Promise<readonly ProcessSummary[]>;

type Item = vscode.QuickPickItem & Pick<ProcessRow, 'choice'>;

/** On each row, where the other way to look at a process is offered. */
const DEBUG_BUTTON: vscode.QuickInputButton = {
  iconPath: new vscode.ThemeIcon('debug-alt'),
  tooltip: t('Show it in the debugger instead'),
};

/**
 * Lets the user pick a process of `host`, absent = of this machine; undefined = dismissed. Rejects when the processes cannot be
 * listed. `debug`, a button on each row, is the user's other choice: it counts as dismissed.
 */
export function pickProcess(
  list: ListProcesses,
  showAll: boolean,
  host?: string,
  debug?: (pid: number) => void,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const pick = vscode.window.createQuickPick<Item>();
    const showAllButton = {
      iconPath: new vscode.ThemeIcon('list-flat'),
      tooltip: t('Show all processes, also those without io_uring'),
    };
    const refreshButton = { iconPath: new vscode.ThemeIcon('refresh'), tooltip: t('Refresh the list') };
    const abort = new AbortController();
    let all = showAll;
    let processes: readonly ProcessSummary[] = [];
    let load = 0;

    const show = () => {
      pick.items = processRows(processes, pick.value, all).map((row) => ({
        ...row,
        ...(debug && row.choice !== 'show all' ? { buttons: [DEBUG_BUTTON] } : {}),
      }));
    };
    const finish = (end: () => void) => {
      // First, because disposing hides it, and hiding means dismissed.
      end();
      abort.abort();
      pick.dispose();
    };
    const refresh = async () => {
      load += 1;
      const mine = load;
      pick.busy = true;
      // Also here, because the row that says so stands at the end of what may be a long list.
      pick.buttons = all ? [refreshButton] : [showAllButton, refreshButton];
      const where = host === undefined ? '' : t(' on {0}', host);
      pick.title = t('Inspect io_uring{0}: {1}', where, all ? t('all processes') : t('the most stuck first'));
      try {
        const found = await list(all, abort.signal);
        if (mine !== load || abort.signal.aborted) return;
        processes = found;
        pick.busy = false;
        show();
      } catch (error) {
        if (mine === load && !abort.signal.aborted) finish(() => reject(error));
      }
    };

    pick.placeholder = t('Pick the process that hangs, or type its name, PID or command line');
    pick.matchOnDescription = true;
    pick.matchOnDetail = true;
    // What was asked on the way there may be answered in a message meanwhile.
    pick.ignoreFocusOut = host !== undefined;
    pick.onDidTriggerButton((button) => {
      if (button === showAllButton) all = true;
      void refresh();
    });
    pick.onDidTriggerItemButton(({ item: { choice } }) => {
      if (choice === 'show all') return;
      finish(() => resolve(undefined));
      debug?.(choice.pid);
    });
    pick.onDidChangeValue(show);
    pick.onDidAccept(() => {
      const choice = pick.selectedItems[0]?.choice;
      if (choice === undefined) return;
      if (choice === 'show all') {
        all = true;
        void refresh();
        return;
      }
      finish(() => resolve(choice.pid));
    });
    pick.onDidHide(() => finish(() => resolve(undefined)));
    pick.show();
    void refresh();
  });
}
