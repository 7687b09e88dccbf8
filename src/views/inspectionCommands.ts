import * as vscode from 'vscode';
import type { Inspections } from '../inspect/inspections';
import { t } from '../model/l10n';
import { COMMANDS } from './ids';
import { advancing, attempt } from './messages';
import type { Subjects } from './subject';
import type { InspectionTree } from './tree';

const FOLLOWED = ['live', 'paused'];
const ANY = ['live', 'paused', 'ended', 'saved'];

/** The commands about an inspection that stands in the tree. */
export function inspectionCommands(
  inspections: Inspections,
  tree: InspectionTree,
  subjects: Subjects,
): vscode.Disposable[] {
  const about = (
    command: string,
    states: readonly string[],
    work: (key: string) => void | Promise<void>,
  ): vscode.Disposable =>
    vscode.commands.registerCommand(command, (from?: unknown) =>
      attempt(t('The command failed.'), async () => {
        const inspected = await subjects.of(from, states);
        if (inspected) await work(inspected.key);
      }),
    );

  return [
    about(COMMANDS.refresh, FOLLOWED, (key) => {
      tree.dontWait();
      return inspections.refresh(key);
    }),
    about(COMMANDS.searchKernel, FOLLOWED, (key) => {
      tree.dontWait();
      return advancing(
        t('Searching the kernel’s memory for requests that stand on no list…'),
        (progress, signal) => inspections.refresh(key, { progress, signal }),
      );
    }),
    about(COMMANDS.pause, ['live'], (key) => inspections.pause(key)),
    about(COMMANDS.resume, ['paused'], (key) => inspections.resume(key)),
    about(COMMANDS.stop, ANY, (key) => inspections.remove(key)),
    about(COMMANDS.copyAsText, ANY, async (key) => {
      const sample = inspections.get(key)?.snapshot.sample;
      if (!sample) return;
      const { reportText } = await import('../explain/report');
      await vscode.env.clipboard.writeText(reportText(sample));
      vscode.window.setStatusBarMessage(t('io_uring: report copied'), 3000);
    }),
    vscode.commands.registerCommand(COMMANDS.refreshAll, () =>
      attempt(t('The processes could not be looked at.'), () => {
        tree.dontWait();
        return inspections.refreshAll();
      }),
    ),
  ];
}
