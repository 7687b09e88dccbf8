import * as vscode from 'vscode';
import type { HostId } from '../inspect/hostId';
import { t } from '../model/l10n';
import { type HostRow, hostRows, type KnownHosts } from './hostRows';

type Item = vscode.QuickPickItem & Pick<HostRow, 'id'>;

/** Lets the user pick a host or type one; undefined = dismissed. */
export function pickHost(known: KnownHosts): Promise<HostId | undefined> {
  return new Promise((resolve) => {
    const pick = vscode.window.createQuickPick<Item>();
    const show = () => {
      pick.items = hostRows(known, pick.value).map((row) => ({ ...row }));
    };
    pick.title = t('Inspect io_uring on a host');
    pick.placeholder = t('Pick the host where the process hangs, or type user@host:port');
    pick.matchOnDescription = true;
    pick.onDidChangeValue(show);
    pick.onDidAccept(() => {
      resolve(pick.selectedItems[0]?.id);
      pick.dispose();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    show();
    pick.show();
  });
}
