import * as vscode from 'vscode';
import type { Inspections } from '../inspect/inspections';
import { UserError } from '../model/errors';
import { t } from '../model/l10n';
import type { Sample } from '../model/sample';
import { COMMANDS } from './ids';
import { attempt, cancellable } from './messages';
import { sampleFileName } from './sampleFile';
import type { Subjects } from './subject';
import type { InspectionTree } from './tree';

const FILTERS = { [t('io_uring sample')]: ['json'] };

/** The commands that save a sample to a file and open it again. Either takes the file as an argument too. */
export function sampleCommands(
  inspections: Inspections,
  tree: InspectionTree,
  subjects: Subjects,
): vscode.Disposable[] {
  return [
    vscode.commands.registerCommand(COMMANDS.saveSample, (from?: unknown, given?: unknown) =>
      attempt(t('The sample could not be saved.'), async () => {
        const inspected = await subjects.of(from, ['live', 'paused', 'ended', 'saved']);
        const sample = inspected?.snapshot.sample;
        if (!sample) return;
        const file = given instanceof vscode.Uri ? given : await askWhere(sample);
        if (file) await save(sample, file);
      }),
    ),
    vscode.commands.registerCommand(COMMANDS.openSample, (given?: unknown) =>
      attempt(t('The sample could not be opened.'), async () => {
        const file = given instanceof vscode.Uri ? given : await askWhich();
        if (!file) return;
        const sample = await cancellable(t('Opening the sample…'), () => read(file));
        const { key } = inspections.open(sample, file.path);
        await tree.reveal(key);
      }),
    ),
  ];
}

function askWhere(sample: Sample): Thenable<vscode.Uri | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const name = sampleFileName(sample);
  return vscode.window.showSaveDialog({
    title: t('Save Sample'),
    filters: FILTERS,
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, name) } : {}),
  });
}

async function askWhich(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({ title: t('Open Sample'), filters: FILTERS });
  return chosen?.[0];
}

async function save(sample: Sample, file: vscode.Uri): Promise<void> {
  const { serialize } = await import('../sample/savedSample');
  try {
    await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(serialize(sample)));
  } catch (error) {
    const remedy = t('Choose another place.');
    throw new UserError('file-unwritable', t('{0} could not be written.', file.path), reason(error), remedy);
  }
  vscode.window.setStatusBarMessage(t('io_uring: sample saved'), 3000);
}

async function read(file: vscode.Uri): Promise<Sample> {
  const { parseSample } = await import('../sample/savedSample');
  let bytes: Uint8Array;
  try {
    bytes = await vscode.workspace.fs.readFile(file);
  } catch (error) {
    const remedy = t('Choose a file that you may read.');
    throw new UserError('file-unreadable', t('{0} could not be read.', file.path), reason(error), remedy);
  }
  return parseSample(new TextDecoder().decode(bytes));
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
