import * as vscode from 'vscode';
import type { Hosts } from '../inspect/hosts';
import type { Inspections } from '../inspect/inspections';
import { answer, stuckInAll } from './answer';
import { type HostStates, isCutOff, isGrouped } from './hostNodes';
import { FOCUS_VIEW, VIEW } from './ids';
import { type Node, outline, picture, withoutAges } from './node';
import { rootNodes, stateOf } from './nodes';
import { tooltip, treeItem } from './treeItem';
import { count } from './words';

/** Milliseconds after which ages are brought up to date when nothing else has changed. */
const AGES = 10_000;
/** The same while a host is lost: people count the seconds until it is tried again. */
const COUNTDOWN = 1000;
/** Rows that are looked at for one that is to be shown. */
const MOST_SEEN = 20_000;
/** Milliseconds a tooltip is left in peace. */
const READING = 10_000;

/**
 * The sidebar's tree. It keeps nothing of its own but which rows are unfolded. Redrawing takes away a tooltip, so
 * it is done when something other than the passing of time can be seen, and then not under the reader's eyes.
 */
export class InspectionTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly redraw = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.redraw.event;
  private readonly view: vscode.TreeView<Node>;
  private readonly parents = new WeakMap<Node, Node>();
  private readonly unfolded = new Set<string>();
  private readonly disposables: vscode.Disposable[] = [];
  private roots: readonly Node[] = [];
  private drawnAt = 0;
  private states = '';
  private readUntil = 0;
  private later: NodeJS.Timeout | undefined;

  constructor(
    private readonly inspections: Inspections,
    private readonly hosts: Hosts,
  ) {
    this.view = vscode.window.createTreeView<Node>(VIEW, { treeDataProvider: this, showCollapseAll: true });
    this.disposables.push(
      this.redraw,
      this.view,
      this.view.onDidExpandElement(({ element }) => this.unfolded.add(element.id)),
      this.view.onDidCollapseElement(({ element }) => this.unfolded.delete(element.id)),
      { dispose: inspections.onChange(() => this.update()) },
      { dispose: hosts.onChange(() => this.update()) },
    );
  }

  get visible(): boolean {
    return this.view.visible;
  }

  get onVisible(): vscode.Event<vscode.TreeViewVisibilityChangeEvent> {
    return this.view.onDidChangeVisibility;
  }

  /** The selected row, for commands that came from the palette. */
  get selected(): Node | undefined {
    return this.view.selection[0];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    return treeItem(node);
  }

  resolveTreeItem(item: vscode.TreeItem, node: Node): vscode.TreeItem {
    if (node.tooltip) item.tooltip = tooltip(node.tooltip());
    this.readUntil = Date.now() + READING;
    return item;
  }

  getChildren(node?: Node): readonly Node[] & Node[] {
    if (!node) return [...this.roots];
    this.unfolded.add(node.id);
    return this.childrenOf(node);
  }

  private childrenOf(node: Node): Node[] {
    const children = [...(node.children?.() ?? [])];
    for (const child of children) this.parents.set(child, node);
    return children;
  }

  getParent(node: Node): Node | undefined {
    return this.parents.get(node);
  }

  /** Brings the sidebar forward with one inspection in it, or with the first of its rows that has `id` among its siblings. */
  async reveal(key: string, id?: string): Promise<void> {
    const root = this.rowOf(key);
    if (!root) return;
    const row = id === undefined ? undefined : this.rowBelow(root, id);
    // A view that was never shown draws unfolded rows without theirs when the first thing it is asked is to reveal one.
    await vscode.commands.executeCommand(FOCUS_VIEW);
    await this.view.reveal(row ?? root, { select: true, focus: true, expand: row === undefined });
    // On a slow machine it still happens now and then; drawing once more brings the rows.
    this.redraw.fire(undefined);
  }

  /** The nearest of those below a row, as far as it is worth looking. */
  private rowBelow(root: Node, id: string): Node | undefined {
    const end = `/${id.length}:${id}`;
    let rows: readonly Node[] = [root];
    for (let seen = 0; rows.length > 0 && seen < MOST_SEEN; seen += rows.length) {
      const found = rows.find((row) => row.id.endsWith(end));
      if (found) return found;
      rows = rows.flatMap((row) => this.childrenOf(row));
    }
    return undefined;
  }

  /** The top row of an inspection: a root, or just below its host's. */
  private rowOf(key: string): Node | undefined {
    for (const root of this.roots) {
      const below = root.host === undefined ? [root] : this.getChildren(root);
      const found = below.find((node) => node.inspection === key);
      if (found) return found;
    }
    return undefined;
  }

  /** The next look is shown at once, even when a tooltip is being read: the user asked for it. */
  dontWait(): void {
    this.readUntil = 0;
    this.drawnAt = 0;
  }

  /** The whole tree unfolded, as text. */
  text(): string {
    return outline(this.roots);
  }

  dispose(): void {
    clearTimeout(this.later);
    for (const disposable of this.disposables) disposable.dispose();
  }

  private hostStates(): HostStates {
    return { stateOf: (key) => this.hosts.get(key)?.state, now: () => this.hosts.now() };
  }

  private pictureOf(roots: readonly Node[]): string {
    return picture(roots, ({ id }) => this.unfolded.has(id));
  }

  private update(): void {
    clearTimeout(this.later);
    const { all } = this.inspections;
    const hosts = this.hostStates();
    const roots = rootNodes(all, hosts);
    const cutOff = isGrouped(all) && all.some(({ host }) => isCutOff(host, hosts));
    const states = JSON.stringify([
      all.map((one) => [one.key, stateOf(one), one.snapshot.problem?.code]),
      this.hosts.all.map(({ key, state }) => [key, state.kind, 'next' in state]),
    ]);
    const now = this.pictureOf(roots);
    const before = this.pictureOf(this.roots);
    if (cutOff && this.visible) this.later = setTimeout(() => this.update(), COUNTDOWN);
    if (now === before && states === this.states) return;
    const ages = cutOff ? COUNTDOWN / 2 : AGES;
    const older = withoutAges(now) === withoutAges(before) ? this.drawnAt + ages : 0;
    const wait = states === this.states ? Math.max(older, this.readUntil) - Date.now() : 0;
    if (wait > 0) {
      clearTimeout(this.later);
      this.later = setTimeout(() => this.update(), wait);
      return;
    }
    this.states = states;
    this.drawnAt = Date.now();
    this.roots = roots;
    this.view.message = answer(all) ?? '';
    const stuck = stuckInAll(all);
    this.view.badge = stuck > 0 ? { value: stuck, tooltip: `${count(stuck, 'request')} stuck` } : undefined;
    this.redraw.fire(undefined);
  }
}
