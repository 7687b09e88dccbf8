import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { Inspections } from '../inspect/inspections';
import { t } from '../model/l10n';
import type { ToPage } from '../model/timeline';
import { withoutIcons } from './escape';
import { COMMANDS, TIMELINE } from './ids';
import { attempt } from './messages';
import type { Subjects } from './subject';
import { changeOf } from './timelineChange';
import { readMessage, timelineHtml } from './timelineHtml';
import { ToldPoints } from './timelinePoints';
import { shownOf } from './timelineShown';

interface Open {
  readonly panel: vscode.WebviewPanel;
  /** The page has been loaded and listens. */
  ready: boolean;
  readonly told: ToldPoints;
}

/** The timelines of a window: one panel for each inspection whose user has asked for it. */
export class Timelines implements vscode.Disposable {
  private readonly open = new Map<string, Open>();
  private readonly visibility = new vscode.EventEmitter<void>();
  readonly onVisible = this.visibility.event;
  private readonly stops: readonly (() => void)[];

  constructor(
    private readonly extension: vscode.Uri,
    private readonly inspections: Inspections,
  ) {
    this.stops = [
      inspections.onChange(() => {
        for (const [key, open] of [...this.open]) this.follow(key, open);
      }),
      inspections.onCount((key) => {
        const open = this.open.get(key);
        if (open?.ready && open.panel.visible) this.tellPoints(key, open);
      }),
    ];
  }

  /** Somebody looks at one. */
  get visible(): boolean {
    return [...this.open.values()].some(({ panel }) => panel.visible);
  }

  command(subjects: Subjects): vscode.Disposable {
    return vscode.commands.registerCommand(COMMANDS.showTimeline, (from?: unknown) =>
      attempt(t('The timeline could not be shown.'), async () => {
        const inspected = await subjects.of(from, ['live', 'paused', 'ended']);
        if (inspected) this.show(inspected.key);
      }),
    );
  }

  show(key: string): void {
    const known = this.open.get(key);
    const inspected = this.inspections.get(key);
    if (!inspected) return;
    if (known) {
      known.panel.reveal();
      return;
    }
    const panel = vscode.window.createWebviewPanel(
      TIMELINE,
      t('Timeline: {0}', withoutIcons(shownOf(inspected).title)),
      { viewColumn: vscode.ViewColumn.Active },
      { enableScripts: true, enableCommandUris: false, localResourceRoots: [this.at('dist')] },
    );
    const open: Open = { panel, ready: false, told: new ToldPoints() };
    this.open.set(key, open);
    panel.iconPath = this.at('media', 'activity.svg');
    panel.webview.onDidReceiveMessage((message: unknown) => this.take(key, open, message));
    // A page that was hidden is told all anew: the editor lets go of it, and of its answer that it is ready the order is not sure.
    panel.onDidChangeViewState(() => {
      open.told.forget();
      this.follow(key, open);
      this.visibility.fire();
    });
    panel.onDidDispose(() => {
      this.open.delete(key);
      this.visibility.fire();
    });
    panel.webview.html = timelineHtml({
      script: panel.webview.asWebviewUri(this.at('dist', 'timeline.js')).toString(),
      style: panel.webview.asWebviewUri(this.at('dist', 'timeline.css')).toString(),
      source: panel.webview.cspSource,
      nonce: randomBytes(16).toString('hex'),
      language: vscode.env.language,
      words: vscode.l10n.bundle,
    });
    this.visibility.fire();
  }

  dispose(): void {
    for (const stop of this.stops) stop();
    for (const { panel } of [...this.open.values()]) panel.dispose();
    this.visibility.dispose();
  }

  private at(...path: string[]): vscode.Uri {
    return vscode.Uri.joinPath(this.extension, ...path);
  }

  private take(key: string, open: Open, value: unknown): void {
    const message = readMessage(value);
    switch (message?.kind) {
      case 'ready':
        open.ready = true;
        open.told.forget();
        this.follow(key, open);
        break;
      case 'select':
        this.inspections.rewind(key, message.at);
        if (message.from !== undefined)
          void attempt(t('What has changed could not be told.'), () => this.tellChange(key, open, message));
        break;
      case 'pause':
        this.inspections.pause(key);
        break;
      case 'resume':
        this.inspections.resume(key);
        break;
      case 'trace':
      case 'stop trace': {
        const command = message.kind === 'trace' ? COMMANDS.startTracing : COMMANDS.stopTracing;
        void vscode.commands.executeCommand(command, { inspection: key });
        break;
      }
      case 'picture':
        void attempt(t('The picture could not be saved.'), () => this.savePicture(key, message.png));
        break;
    }
  }

  /** Tells the page what is new; nothing while nobody sees it. */
  private follow(key: string, open: Open): void {
    const inspected = this.inspections.get(key);
    if (!inspected) {
      // It has been closed: what was drawn stays until its panel is closed, too.
      this.open.delete(key);
      open.panel.onDidDispose(() => this.visibility.fire());
      return;
    }
    if (!open.ready || !open.panel.visible) return;
    this.tellPoints(key, open);
    this.tell(open, { kind: 'shown', shown: shownOf(inspected) });
  }

  private tellPoints(key: string, open: Open): void {
    const news = open.told.next(this.inspections.historyOf(key)?.points ?? []);
    if (news) this.tell(open, news);
  }

  private async tellChange(
    key: string,
    open: Open,
    { at, from = at }: { readonly at: number; readonly from?: number },
  ): Promise<void> {
    const history = this.inspections.historyOf(key);
    const change = history && (await changeOf(history, from, at));
    if (change && this.open.get(key) === open) this.tell(open, { kind: 'change', change });
  }

  private tell({ panel }: Open, message: ToPage): void {
    void panel.webview.postMessage(message);
  }

  private async savePicture(key: string, png: string): Promise<void> {
    const inspected = this.inspections.get(key);
    const name = `io_uring-${inspected?.pid ?? 'timeline'}.png`;
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const file = await vscode.window.showSaveDialog({
      title: t('Save Picture'),
      filters: { PNG: ['png'] },
      ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, name) } : {}),
    });
    if (file) await vscode.workspace.fs.writeFile(file, Buffer.from(png, 'base64'));
  }
}
