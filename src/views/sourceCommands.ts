import * as vscode from 'vscode';
import { t } from '../model/l10n';
import { printable } from '../model/printable';
import { baseOf } from '../source/dwarf/paths';
import { entryFor } from '../source/sourcePaths';
import { withoutIcons, withoutLinks } from './escape';
import { COMMANDS, SECTION, SETTINGS } from './ids';
import { attempt } from './messages';
import type { Node, SourceLink } from './node';
import type { SourceFiles } from './sourceFiles';
import type { TrackedDocuments } from './trackedDocuments';
import type { InspectionTree } from './tree';

const LOCATE = t('Locate…');

/** The commands that lead from a row to the program's source, and from a mark there back to the row. */
export function sourceCommands(
  files: SourceFiles,
  tracked: TrackedDocuments,
  tree: InspectionTree,
): vscode.Disposable[] {
  return [
    vscode.commands.registerCommand(COMMANDS.goToSource, (from?: unknown) =>
      attempt(t('The source could not be opened.'), async () => {
        const link = linkOf(from) ?? tree.selected?.source;
        if (!link) return selectFirst(t('a line of the program’s source'));
        const uri = await choose(files, link.file);
        if (uri) await open(uri, link, tracked);
      }),
    ),
    vscode.commands.registerCommand(COMMANDS.copyStack, (from?: unknown) =>
      attempt(t('The stack could not be copied.'), async () => {
        const text = ((from as Partial<Node> | undefined) ?? tree.selected)?.stack?.();
        if (text === undefined) return selectFirst(t('a stack'));
        await vscode.env.clipboard.writeText(`${text}\n`);
        vscode.window.setStatusBarMessage(t('io_uring: stack copied'), 3000);
      }),
    ),
    vscode.commands.registerCommand(COMMANDS.showRow, (key?: unknown, row?: unknown) =>
      attempt(t('The row could not be shown.'), async () => {
        if (typeof key === 'string') await tree.reveal(key, typeof row === 'string' ? row : undefined);
      }),
    ),
  ];
}

function selectFirst(what: string): void {
  void vscode.window.showInformationMessage(
    t('Select a row that has {0}: a frame below a thread, or what a request belongs to.', what),
  );
}

/** From a row, or from a link in a hover: that may be any JSON. */
function linkOf(from: unknown): SourceLink | undefined {
  if (typeof from !== 'object' || from === null) return undefined;
  const source: unknown = Reflect.get(from, 'source');
  if (typeof source !== 'object' || source === null) return undefined;
  const { file, line, column, binaryModified } = source as Record<keyof SourceLink, unknown>;
  if (typeof file !== 'string' || file === '') return undefined;
  return { file, line: number(line), column: number(column), binaryModified: number(binaryModified) };
}

const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

async function choose(files: SourceFiles, file: string): Promise<vscode.Uri | undefined> {
  const found = await files.find(file);
  if (found.kind === 'one') return found.uri;
  if (found.kind === 'several') {
    const items = found.uris.map((uri) => ({
      label: withoutIcons(vscode.workspace.asRelativePath(uri)),
      uri,
    }));
    const placeHolder = t('Which one is {0}?', printable(file, 200));
    return (await vscode.window.showQuickPick(items, { placeHolder }))?.uri;
  }
  const { why, looked } = found;
  const reason =
    why === undefined ? t('Looked for: {0}.', looked.join('; ')) : t('No file can be meant: {0}.', why);
  const text = withoutLinks(printable(t('{0} was not found. {1}', file, reason), 1000));
  const chosen = await vscode.window.showErrorMessage(text, LOCATE);
  return chosen === LOCATE ? locate(file) : undefined;
}

/** The user points to the file; the setting then leads from its folder to theirs. */
async function locate(file: string): Promise<vscode.Uri | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const [uri] =
    (await vscode.window.showOpenDialog({
      title: t('Locate {0}', printable(baseOf(file), 200)),
      openLabel: t('Locate'),
      ...(folder ? { defaultUri: folder } : {}),
    })) ?? [];
  if (!uri) return undefined;
  const [from, to] = entryFor(file, uri.fsPath);
  const settings = vscode.workspace.getConfiguration(SECTION);
  const scope = folder ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  const { workspaceValue, globalValue } = settings.inspect<unknown>(SETTINGS.sourceFileMap) ?? {};
  const before = folder ? workspaceValue : globalValue;
  const map = typeof before === 'object' && before !== null ? before : {};
  await settings.update(SETTINGS.sourceFileMap, { ...map, [from]: to }, scope);
  return uri;
}

async function open(
  uri: vscode.Uri,
  { line, column, binaryModified }: SourceLink,
  tracked: TrackedDocuments,
): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  const now = line === undefined ? undefined : (tracked.lineNow(uri, line, binaryModified) ?? line);
  const row = Math.min(Math.max(0, (now ?? 1) - 1), document.lineCount - 1);
  const position = new vscode.Position(row, Math.max(0, (column ?? 1) - 1));
  await vscode.window.showTextDocument(document, { selection: new vscode.Range(position, position) });
}
