import * as vscode from 'vscode';
import type { Inspections } from '../inspect/inspections';
import { COMMANDS } from './ids';
import type { LineMark, LineMarks } from './lineMarks';
import { markText, rowOf } from './markWords';
import { codeLensEnabled, onSettingsChange } from './settings';

/** A line above each function in which something waits; switched off unless the settings say otherwise. */
export class WaitingCodeLenses implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;
  private readonly disposables: vscode.Disposable[];
  private registered: vscode.Disposable | undefined;

  constructor(
    inspections: Inspections,
    private readonly marks: LineMarks,
  ) {
    this.disposables = [
      this.changed,
      { dispose: inspections.onChange(() => this.changed.fire()) },
      onSettingsChange(() => this.apply()),
    ];
    this.apply();
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    const marks = await this.marks.of(document);
    if (marks.length === 0) return [];
    const functions = flat(
      (await vscode.commands.executeCommand<readonly Outlined[] | undefined>(
        'vscode.executeDocumentSymbolProvider',
        document.uri,
      )) ?? [],
    );
    const above = new Map<number, LineMark[]>();
    for (const mark of marks) {
      const line = startOf(functions, mark.line);
      above.set(line, [...(above.get(line) ?? []), mark]);
    }
    return [...above].map(([line, some]) => lens(line, some));
  }

  dispose(): void {
    this.registered?.dispose();
    for (const disposable of this.disposables) disposable.dispose();
  }

  private apply(): void {
    if (codeLensEnabled()) {
      const everywhere = [{ scheme: 'file' }, { scheme: 'vscode-remote' }];
      this.registered ??= vscode.languages.registerCodeLensProvider(everywhere, this);
    } else {
      this.registered?.dispose();
      this.registered = undefined;
    }
  }
}

/** As the language's extension answers: the older kind is a flat list. */
type Outlined = vscode.DocumentSymbol | vscode.SymbolInformation;

interface Part {
  readonly range: vscode.Range;
  readonly name: number;
}

const FUNCTIONS = new Set([
  vscode.SymbolKind.Function,
  vscode.SymbolKind.Method,
  vscode.SymbolKind.Constructor,
]);

function flat(symbols: readonly Outlined[]): Part[] {
  return symbols.flatMap((symbol) => {
    const below = 'children' in symbol ? flat(symbol.children) : [];
    if (!FUNCTIONS.has(symbol.kind)) return below;
    const range = 'range' in symbol ? symbol.range : symbol.location.range;
    const name = 'selectionRange' in symbol ? symbol.selectionRange.start.line : range.start.line;
    return [{ range, name }, ...below];
  });
}

/** Of the innermost function around a line; the line itself where the editor knows none. */
function startOf(functions: readonly Part[], line: number): number {
  const around = functions.filter(({ range }) => range.start.line <= line && line <= range.end.line);
  return around.reduce((start, { name }) => Math.max(start, name), around[0]?.name ?? line);
}

function lens(line: number, marks: readonly LineMark[]): vscode.CodeLens {
  const waits = marks.flatMap((mark) => mark.waits);
  const [first] = waits;
  return new vscode.CodeLens(new vscode.Range(line, 0, line, 0), {
    title: `io_uring: ${markText(waits)}`.replaceAll('$(', '$ ('),
    command: COMMANDS.showRow,
    arguments: first ? [first.key, rowOf(first.place)] : [],
  });
}
