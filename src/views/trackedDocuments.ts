import * as vscode from 'vscode';
import { EditedLines, type LineEdit } from './editedLines';

/** Follows the edits of every document, so that lines of a program which was compiled before them are found again. */
export class TrackedDocuments implements vscode.Disposable {
  private readonly documents = new Map<string, EditedLines>();
  private readonly disposables: vscode.Disposable[];

  constructor() {
    this.disposables = [
      vscode.workspace.onDidChangeTextDocument((event) => this.changed(event)),
      vscode.workspace.onDidSaveTextDocument(({ uri }) => this.of(uri)?.saved(now())),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.closed(uri)),
    ];
  }

  /** The line, from 1, at which line `line` of the program's source stands in the document now; undefined = it was deleted. */
  lineNow(uri: vscode.Uri, line: number, binaryModified: number | undefined): number | undefined {
    const edited = this.of(uri);
    if (!edited) return line;
    const found = edited.lineNow(line - 1, binaryModified);
    return found === undefined ? undefined : found + 1;
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private of(uri: vscode.Uri): EditedLines | undefined {
    return this.documents.get(uri.toString());
  }

  private changed({ document, contentChanges, reason }: vscode.TextDocumentChangeEvent): void {
    const { uri, isDirty } = document;
    if (contentChanges.length === 0 || !['file', 'vscode-remote'].includes(uri.scheme)) return;
    const key = uri.toString();
    const edited = this.documents.get(key) ?? new EditedLines();
    this.documents.set(key, edited);
    if (!isDirty && reason !== undefined) edited.backToSaved();
    else edited.edited(editsOf(document, contentChanges, reason !== undefined), now());
    // Somebody else has changed it on the disk, as git does: that is what a compiler reads from now on.
    if (!isDirty && reason === undefined) edited.saved(now());
  }

  private closed(uri: vscode.Uri): void {
    const edited = this.of(uri);
    edited?.backToSaved();
    if (edited?.hasEdits === false) this.documents.delete(uri.toString());
  }
}

const now = (): number => Date.now() / 1000;

/** The editor tells changes from the last of the text to the first: none moves the next one's lines. */
function editsOf(
  document: vscode.TextDocument,
  changes: readonly vscode.TextDocumentContentChangeEvent[],
  undoes: boolean,
): LineEdit[] {
  const edits = changes.map(({ range, text }) => ({
    start: range.start.line,
    end: range.end.line,
    added: text.split(/\r\n|\r|\n/).length - 1,
    column: range.start.character,
  }));
  return edits.flatMap(({ start, end, added, column }) => {
    if (start === end && added === 0) return [];
    const moved = edits.reduce(
      (sum, edit) => (edit.start < start ? sum + edit.added - (edit.end - edit.start) : sum),
      0,
    );
    const line = start + moved;
    // What stands before the change is as it was: the document has it still.
    const before = line < document.lineCount ? document.lineAt(line).text.slice(0, column) : '';
    return [{ start, end, added, atStart: before.trim() === '', undoes }];
  });
}
