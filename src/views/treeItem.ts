import * as vscode from 'vscode';
import { t } from '../model/l10n';
import { COMMANDS } from './ids';
import type { Node } from './node';

/** A row as the editor wants it; its tooltip follows when the pointer rests on it. */
export function treeItem(node: Node): vscode.TreeItem {
  const { TreeItemCollapsibleState: State } = vscode;
  const state = !node.children ? State.None : node.expanded ? State.Expanded : State.Collapsed;
  const item = new vscode.TreeItem(node.label, state);
  item.id = node.id;
  if (node.description !== undefined) item.description = node.description;
  if (node.context !== undefined) item.contextValue = node.context;
  if (node.learnMore !== undefined)
    item.command = { command: COMMANDS.learnMore, title: node.label, arguments: [node.learnMore] };
  if (node.sudo !== undefined)
    item.command = {
      command: COMMANDS.inspectWithSudo,
      title: node.label,
      arguments: [{ inspection: node.sudo }],
    };
  // A row with others below it is folded by a click: its menu leads to the source.
  if (node.source !== undefined && !node.children)
    item.command = {
      command: COMMANDS.goToSource,
      title: t('Go to Source'),
      arguments: [{ source: node.source }],
    };
  if (node.kernelFrame !== undefined)
    item.command = { command: COMMANDS.goToKernelSource, title: t('Go to Kernel Source'), arguments: [node] };
  if (node.command !== undefined) {
    const { id, title, arguments: given } = node.command;
    item.command = { command: id, title, arguments: [...given] };
  }
  if (node.icon) {
    const { id, color } = node.icon;
    item.iconPath = new vscode.ThemeIcon(id, color === undefined ? undefined : new vscode.ThemeColor(color));
  }
  const spoken = node.spoken ?? [node.label, node.description].filter(Boolean).join(', ');
  item.accessibilityInformation = { label: spoken };
  return item;
}

/** Neither links to commands nor HTML nor icons work in it: its text comes from the inspected process. */
export function tooltip(markdown: string): vscode.MarkdownString {
  const text = new vscode.MarkdownString(markdown, false);
  text.isTrusted = false;
  text.supportHtml = false;
  return text;
}
