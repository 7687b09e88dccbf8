import * as vscode from 'vscode';
import type { Inspections } from '../inspect/inspections';
import { statusText } from './answer';
import { FOCUS_VIEW } from './ids';

/** How many requests are stuck, at a glance; hidden while nothing is followed. */
export class StatusBar implements vscode.Disposable {
  private item: vscode.StatusBarItem | undefined;
  private shown = false;
  private readonly stop: () => void;

  constructor(private readonly inspections: Inspections) {
    this.stop = inspections.onChange(() => this.update());
  }

  dispose(): void {
    this.stop();
    this.item?.dispose();
  }

  /** What it says; undefined while it is hidden. */
  get text(): string | undefined {
    return this.shown ? this.item?.text : undefined;
  }

  private update(): void {
    const status = statusText(this.inspections.all);
    this.shown = status !== undefined;
    if (!status) {
      this.item?.hide();
      return;
    }
    this.item ??= this.create();
    this.item.text = `$(pulse) ${status.text}`;
    this.item.tooltip = status.tooltip;
    this.item.accessibilityInformation = { label: status.spoken, role: 'button' };
    this.item.show();
  }

  private create(): vscode.StatusBarItem {
    const item = vscode.window.createStatusBarItem(
      'ioUringInspector.stuck',
      vscode.StatusBarAlignment.Left,
      0,
    );
    item.name = 'io_uring Inspector';
    item.command = FOCUS_VIEW;
    return item;
  }
}
