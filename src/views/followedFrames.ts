import * as vscode from 'vscode';
import { fieldsOf, textOf } from '../debug/trackerMessage';
import { UserError } from '../model/errors';
import { t } from '../model/l10n';

/** Frames that are asked for: those of libraries come before the first with a source. */
const MOST_FRAMES = 50;

interface Place {
  readonly uri: vscode.Uri;
  /** From 0. */
  readonly line: number;
}

/**
 * Brings the Call Stack forward and opens the line at which the debugger shows a thread. The editor lets no extension choose the
 * thread or frame that is selected there; where it is the selected thread, its top frame is.
 */
export async function showInCallStack(session: vscode.DebugSession, threadId: number): Promise<void> {
  const words = { threadId, startFrame: 0, levels: MOST_FRAMES };
  const body: unknown = await session.customRequest('stackTrace', words).then(
    (answer: unknown) => answer,
    (error: unknown) => {
      throw notStopped(error);
    },
  );
  const { stackFrames } = fieldsOf(body);
  const frames = Array.isArray(stackFrames) ? stackFrames.map(fieldsOf) : [];
  await vscode.commands.executeCommand('workbench.debug.action.focusCallStackView');
  const item = vscode.debug.activeStackItem;
  if (item?.session.id === session.id && item.threadId === threadId)
    await vscode.commands.executeCommand('workbench.action.debug.callStackTop');
  // A file before what the debugger makes up where there is none: disassembly.
  const places = frames.flatMap((frame) => placeOf(session, frame) ?? []);
  for (const place of [...places.filter(isFile), ...places.filter((one) => !isFile(one))])
    if (await open(place)) return;
}

function isFile({ uri }: Place): boolean {
  return uri.scheme !== 'debug';
}

/** False where there is no such file, as of a library's sources. */
async function open(place: Place): Promise<boolean> {
  try {
    const document = await vscode.workspace.openTextDocument(place.uri);
    const at = new vscode.Position(place.line, 0);
    await vscode.window.showTextDocument(document, { selection: new vscode.Range(at, at) });
    return true;
  } catch {
    return false;
  }
}

function placeOf(
  session: vscode.DebugSession,
  { source, line }: Readonly<Record<string, unknown>>,
): Place | undefined {
  const { path, name, sourceReference } = fieldsOf(source);
  if (typeof line !== 'number' || !Number.isInteger(line) || line < 1) return undefined;
  const reference = typeof sourceReference === 'number' ? sourceReference : 0;
  const file = textOf(path);
  if (file === undefined && reference === 0) return undefined;
  if (reference === 0 && file !== undefined) return { uri: uriOf(file), line: line - 1 };
  const given = { path: file ?? '', name: textOf(name) ?? '', sourceReference: reference };
  return { uri: vscode.debug.asDebugSourceUri(given, session), line: line - 1 };
}

/** In a remote window the editor makes links of the paths that an adapter names; there they are files of this side. */
function uriOf(path: string): vscode.Uri {
  if (!/^[a-z][\w+.-]+:\/\//i.test(path)) return vscode.Uri.file(path);
  const uri = vscode.Uri.parse(path);
  return uri.scheme === 'vscode-remote' ? vscode.Uri.file(uri.path) : uri;
}

function notStopped(error: unknown): UserError {
  return new UserError(
    'usage',
    t('The debugger shows no stack of this thread.'),
    error instanceof Error ? error.message : String(error),
    t('Try again when the program is stopped.'),
  );
}
