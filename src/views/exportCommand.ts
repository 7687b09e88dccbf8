import * as vscode from 'vscode';
import type { Inspections } from '../inspect/inspections';
import { UserError } from '../model/errors';
import { t } from '../model/l10n';
import type { Sample } from '../model/sample';
import { EXPORT_FORMATS, type ExportFormat } from './exportFormats';
import { COMMANDS } from './ids';
import { attempt } from './messages';
import { sampleFileName } from './sampleFile';
import type { Subjects } from './subject';

/** The command that writes an inspection for other programs. It takes the format's id and the file as arguments too. */
export function exportCommand(inspections: Inspections, subjects: Subjects): vscode.Disposable {
  return vscode.commands.registerCommand(
    COMMANDS.exportAs,
    (from?: unknown, format?: unknown, given?: unknown) =>
      attempt(t('It could not be exported.'), async () => {
        const inspected = await subjects.of(from, ['live', 'paused', 'ended', 'saved']);
        if (!inspected?.snapshot.sample) return;
        const isTraced = inspected.tracing?.result !== undefined;
        const chosen = EXPORT_FORMATS.find(({ id }) => id === format) ?? (await askFormat(isTraced));
        if (!chosen) return;
        if (chosen.traced && !isTraced) throw nothingWasTraced();
        // The question has taken its time: what stands there now is written.
        const { snapshot, tracing } = inspections.get(inspected.key) ?? inspected;
        const { sample, cost } = snapshot;
        if (!sample) return;
        const file = given instanceof vscode.Uri ? given : await askWhere(chosen, sample);
        if (!file) return;
        const points = inspections.historyOf(inspected.key)?.points ?? [];
        await write(file, await chosen.text({ sample, points, cost, traced: tracing?.result?.details }));
      }),
  );
}

function nothingWasTraced(): UserError {
  return new UserError(
    'not-traceable',
    t('There is nothing to export.'),
    t('The process has not been traced yet.'),
    t('Use “Start Tracing”, and export it when the trace has ended.'),
  );
}

async function askFormat(isTraced: boolean): Promise<ExportFormat | undefined> {
  const formats = EXPORT_FORMATS.filter(({ traced }) => isTraced || !traced);
  const items = formats.map((format) => ({ label: format.label, detail: format.detail, format }));
  return (await vscode.window.showQuickPick(items, { placeHolder: t('Export as…') }))?.format;
}

function askWhere({ label, extension }: ExportFormat, sample: Sample): Thenable<vscode.Uri | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const name = sampleFileName(sample).replace(/json$/, extension);
  return vscode.window.showSaveDialog({
    title: t('Export {0}', label),
    filters: { [label]: [extension.replace(/^.*\./, '')] },
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, name) } : {}),
  });
}

async function write(file: vscode.Uri, text: string): Promise<void> {
  try {
    await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(text));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError(
      'file-unwritable',
      t('{0} could not be written.', file.path),
      why,
      t('Choose another place.'),
    );
  }
  vscode.window.setStatusBarMessage(t('io_uring: exported'), 3000);
}
