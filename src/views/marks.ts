import * as vscode from 'vscode';
import type { Inspections } from '../inspect/inspections';
import { COLORS, COMMANDS } from './ids';
import type { LineMark, LineMarks } from './lineMarks';
import { markHover, markText } from './markWords';
import { withoutAges } from './node';
import { marksEnabled, onSettingsChange } from './settings';

/** Milliseconds in which changes are gathered. */
const GATHERED = 100;
/** Milliseconds after which ages are brought up to date when nothing else has changed: drawing takes away a hover. */
const AGES = 10_000;

type Level = keyof typeof COLORS;

/** A mark as it is drawn, for tests. */
export interface DrawnMark {
  readonly uri: string;
  /** From 1. */
  readonly line: number;
  readonly level: Level;
  readonly text: string;
  readonly hover: string;
}

/** Marks the lines of open documents that something waits at: behind the line, in the gutter and in the overview ruler. */
export class Marks implements vscode.Disposable {
  private readonly types: Readonly<Record<Level, vscode.TextEditorDecorationType>>;
  private readonly disposables: vscode.Disposable[];
  private timer: NodeJS.Timeout | undefined;
  private later: NodeJS.Timeout | undefined;
  private drawing = 0;
  private editors: readonly vscode.TextEditor[] = [];
  private picture = '';
  private drawnAt = 0;
  private current: readonly DrawnMark[] = [];

  /** `extension` = where the icons are. */
  constructor(
    extension: vscode.Uri,
    inspections: Inspections,
    private readonly marks: LineMarks,
  ) {
    this.types = { stuck: typeOf('stuck', extension), waiting: typeOf('waiting', extension) };
    const update = () => this.soon();
    this.disposables = [
      ...Object.values(this.types),
      { dispose: inspections.onChange(update) },
      vscode.window.onDidChangeVisibleTextEditors(update),
      vscode.workspace.onDidChangeTextDocument(({ contentChanges }) => {
        if (contentChanges.length > 0) update();
      }),
      vscode.workspace.onDidSaveTextDocument(update),
      vscode.workspace.onDidChangeWorkspaceFolders(update),
      onSettingsChange(update),
    ];
  }

  /** What stands in the visible editors now. */
  get drawn(): readonly DrawnMark[] {
    return this.current;
  }

  dispose(): void {
    this.drawing = Number.POSITIVE_INFINITY;
    clearTimeout(this.timer);
    clearTimeout(this.later);
    for (const disposable of this.disposables) disposable.dispose();
  }

  private soon(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.update();
    }, GATHERED);
  }

  private async update(): Promise<void> {
    const drawing = ++this.drawing;
    const editors = vscode.window.visibleTextEditors;
    const found = await Promise.all(
      editors.map(async ({ document }) => (marksEnabled() ? this.marks.of(document) : [])),
    );
    if (drawing !== this.drawing) return;
    clearTimeout(this.later);
    const drawn = found.map((marks, index) =>
      marks.flatMap((mark) => drawnMark(mark, editors[index]?.document.uri.toString() ?? '') ?? []),
    );
    const picture = JSON.stringify(drawn);
    const same = editors.length === this.editors.length && editors.every((one) => this.editors.includes(one));
    if (same && picture === this.picture) return;
    const wait = withoutAges(picture) === withoutAges(this.picture) ? this.drawnAt + AGES - Date.now() : 0;
    if (same && wait > 0) {
      this.later = setTimeout(() => this.soon(), wait);
      return;
    }
    this.editors = editors;
    this.picture = picture;
    this.drawnAt = Date.now();
    this.current = drawn.flat();
    for (const [index, editor] of editors.entries()) this.draw(editor, drawn[index] ?? []);
  }

  private draw(editor: vscode.TextEditor, marks: readonly DrawnMark[]): void {
    for (const [level, type] of Object.entries(this.types)) {
      const options = marks
        .filter((mark) => mark.level === level)
        .map(({ line, text, hover }): vscode.DecorationOptions => {
          const { range } = editor.document.lineAt(Math.min(line, editor.document.lineCount) - 1);
          return { range, hoverMessage: markdown(hover), renderOptions: { after: { contentText: text } } };
        });
      editor.setDecorations(type, options);
    }
  }
}

/** Undefined where the words cannot be found: a sample from a file may hold what no look finds. */
function drawnMark({ line, stuck, waits }: LineMark, uri: string): DrawnMark | undefined {
  const level = stuck ? 'stuck' : 'waiting';
  try {
    return { uri, line: line + 1, level, text: markText(waits), hover: markHover(waits) };
  } catch {
    return undefined;
  }
}

function typeOf(level: Level, extension: vscode.Uri): vscode.TextEditorDecorationType {
  const icon = (theme: string) => vscode.Uri.joinPath(extension, 'media', 'marks', `${level}-${theme}.svg`);
  const color = new vscode.ThemeColor(COLORS[level]);
  return vscode.window.createTextEditorDecorationType({
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
    overviewRulerColor: color,
    overviewRulerLane: vscode.OverviewRulerLane.Right,
    gutterIconSize: 'contain',
    light: { gutterIconPath: icon('light') },
    dark: { gutterIconPath: icon('dark') },
    after: { color, margin: '0 0 0 2em', fontStyle: 'italic' },
  });
}

/** Its text comes from the inspected process: no link in it runs any other command, and no HTML works. */
function markdown(hover: string): vscode.MarkdownString {
  const text = new vscode.MarkdownString(hover, false);
  text.isTrusted = { enabledCommands: [COMMANDS.showRow, COMMANDS.goToSource] };
  text.supportHtml = false;
  return text;
}
