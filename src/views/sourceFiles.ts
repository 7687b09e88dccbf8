import * as vscode from 'vscode';
import { t } from '../model/l10n';
import { baseOf } from '../source/dwarf/paths';
import {
  type BestMatch,
  belowWorkspace,
  bestMatch,
  isAbsolute,
  mappedPaths,
  noFile,
  type SourceFileMap,
} from '../source/sourcePaths';
import { onSettingsChange, sourceFileMap } from './settings';

/** Milliseconds after which a file system is taken not to answer, and a search for too long. */
const PATIENCE = 3000;
/** Milliseconds that the files of one name in the workspace are remembered. */
const REMEMBERED = 30_000;
/** Files of one name that are compared. */
const MOST_FILES = 500;

export type FoundSource =
  | { readonly kind: 'one'; readonly uri: vscode.Uri }
  | { readonly kind: 'several'; readonly uris: readonly vscode.Uri[] }
  /** `looked` = what was tried, in words; `why` = no file can be meant. */
  | { readonly kind: 'none'; readonly looked: readonly string[]; readonly why?: string };

/** Finds the user's file for the path that a compiler was given. */
export class SourceFiles implements vscode.Disposable {
  private readonly named = new Map<
    string,
    { readonly at: number; readonly uris: Promise<readonly vscode.Uri[]> }
  >();
  private readonly disposables: vscode.Disposable[] = [];
  private map = sourceFileMap();

  constructor() {
    const forget = () => {
      this.named.clear();
      this.map = sourceFileMap();
    };
    this.disposables.push(
      onSettingsChange(forget),
      vscode.workspace.onDidChangeWorkspaceFolders(forget),
      vscode.workspace.onDidCreateFiles(forget),
      vscode.workspace.onDidDeleteFiles(forget),
      vscode.workspace.onDidRenameFiles(forget),
    );
  }

  /** By the setting, as it is, in the workspace: the first that is there. Never rejects. */
  async find(file: string): Promise<FoundSource> {
    const looked: string[] = [];
    for (const [uri, how] of likely(file, this.map)) {
      if (await exists(uri)) return { kind: 'one', uri };
      looked.push(`${uri.fsPath} (${how})`);
    }
    const why = noFile(file);
    if (why !== undefined) return { kind: 'none', looked, why };
    const match = await this.inWorkspace(file);
    if (match.kind === 'one') return { kind: 'one', uri: toUri(match.path) };
    if (match.kind === 'several') return { kind: 'several', uris: match.paths.map(toUri) };
    const folders = vscode.workspace.workspaceFolders ?? [];
    if (folders.length > 0)
      looked.push(t('{0} in {1}', baseOf(file), folders.map(({ name }) => name).join(', ')));
    return { kind: 'none', looked };
  }

  /**
   * Whether a document that is open is that file. Nothing of the disk is touched but the workspace: an inspected program's sources
   * may lie where no answer comes from.
   */
  async isOpenAs(file: string, document: vscode.Uri): Promise<boolean> {
    if (
      baseOf(file).toLowerCase() !== baseOf(document.path).toLowerCase() &&
      !isRenamed(file, this.map, document)
    )
      return false;
    if (likely(file, this.map).some(([uri]) => uri.toString() === document.toString())) return true;
    if (noFile(file) !== undefined) return false;
    const match = await this.inWorkspace(file);
    return match.kind === 'one' && toUri(match.path).toString() === document.toString();
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private async inWorkspace(file: string): Promise<BestMatch> {
    const name = baseOf(file);
    const now = Date.now();
    let found = this.named.get(name);
    if (!found || now - found.at > REMEMBERED) {
      found = { at: now, uris: filesNamed(name) };
      this.named.set(name, found);
    }
    const candidates = (await found.uris).map((uri) => ({
      path: uri.path,
      below: vscode.workspace.asRelativePath(uri, false),
    }));
    return bestMatch(file, candidates);
  }
}

/** The places that need no search, in their order. */
function likely(file: string, map: SourceFileMap): (readonly [uri: vscode.Uri, how: string])[] {
  const below = belowWorkspace(file);
  const folders = below === undefined ? [] : (vscode.workspace.workspaceFolders ?? []);
  return [
    ...mappedPaths(file, map).map((path) => [fileUri(path), t('by sourceFileMap')] as const),
    ...(isAbsolute(file) && below === undefined ? [[fileUri(file), t('as it is')] as const] : []),
    ...folders.map(({ uri }) => [vscode.Uri.joinPath(uri, below ?? ''), t('in the workspace')] as const),
  ];
}

/** An entry of the setting for one file may give it another name. */
function isRenamed(file: string, map: SourceFileMap, document: vscode.Uri): boolean {
  return mappedPaths(file, map).some((path) => fileUri(path).toString() === document.toString());
}

/** In a window whose workspace is elsewhere, its files are meant. */
function fileUri(path: string): vscode.Uri {
  const { fsPath, path: asPath } = vscode.Uri.file(path);
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  return folder && folder.scheme !== 'file' ? folder.with({ path: asPath }) : vscode.Uri.file(fsPath);
}

/** The same for a path that the editor has given. */
function toUri(path: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  return (folder ?? vscode.Uri.file('/')).with({ path });
}

async function filesNamed(name: string): Promise<readonly vscode.Uri[]> {
  if (!vscode.workspace.workspaceFolders?.length) return [];
  const cancel = new vscode.CancellationTokenSource();
  const timer = setTimeout(() => cancel.cancel(), PATIENCE);
  try {
    // What has a meaning in a pattern may be any text here; the comparison that follows is exact.
    const pattern = `**/${name.replace(/[^\w.+-]+/g, '*')}`;
    return await vscode.workspace.findFiles(pattern, undefined, MOST_FILES, cancel.token);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
    cancel.dispose();
  }
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  const stat = await withinPatience(vscode.workspace.fs.stat(uri));
  return stat !== undefined && (stat.type & vscode.FileType.Directory) === 0;
}

/** Undefined where it fails or does not answer. */
export async function withinPatience<T>(asked: Thenable<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), PATIENCE);
  });
  try {
    return await Promise.race([asked, late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
