import * as vscode from 'vscode';
import type { Hosts } from '../inspect/hosts';
import type { Inspections } from '../inspect/inspections';
import { t } from '../model/l10n';
import { answer, stuckInAll } from './answer';
import { type HostStates, isCutOff, isGrouped } from './hostNodes';
import { VIEW } from './ids';
import { type Node, outline } from './node';
import { rootNodes, stateOf } from './nodes';
import { type Row, Rows } from './rows';
import { tooltip, treeItem } from './treeItem';
import { count } from './words';

/** What another tree of the same rows does in its own way. */
export interface TreeOptions {
  readonly view: string;
  /** Changes the rows before they are shown. */
  readonly dress?: (roots: readonly Node[]) => readonly Node[];
  /** Hosts have no rows unless something is inspected there. */
  readonly withoutHosts?: boolean;
}

/** Milliseconds after which ages are brought up to date when nothing else has changed. */
const AGES = 10_000;
/** The same for a row that is unfolded: all below it are drawn with it. */
const AGES_ABOVE = 30_000;
/** The same while a host is lost: people count the seconds until it is tried again. */
const COUNTDOWN = 1000;
/** Rows that are looked at for one that is to be shown. */
const MOST_SEEN = 20_000;
/** Milliseconds a row whose tooltip was asked for is left in peace, and those by nothing but time. */
const READING = 10_000;
const READING_AGES = 30_000;

/**
 * The sidebar's tree. Drawing a row anew takes away its tooltip and the menu or click that is just being made there: only
 * rows that look different are, those on which nothing but time has passed seldom, and not the one that is being read.
 */
export class InspectionTree implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  private readonly redraw = new vscode.EventEmitter<Row[] | undefined>();
  readonly onDidChangeTreeData = this.redraw.event;
  private readonly view: vscode.TreeView<Row>;
  private readonly rows = new Rows();
  private readonly unfolded = new Set<string>();
  private readonly disposables: vscode.Disposable[] = [];
  private roots: readonly Node[] = [];
  private drawnAt = 0;
  private drawnAboveAt = 0;
  private states = '';
  private reading: { readonly row: Row; readonly since: number } | undefined;
  private later: NodeJS.Timeout | undefined;

  constructor(
    private readonly inspections: Inspections,
    private readonly hosts: Hosts,
    private readonly options: TreeOptions = { view: VIEW },
  ) {
    this.view = vscode.window.createTreeView<Row>(options.view, {
      treeDataProvider: this,
      showCollapseAll: true,
    });
    this.disposables.push(
      this.redraw,
      this.view,
      this.view.onDidExpandElement(({ element }) => this.unfold(element)),
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
    return this.view.selection[0]?.node;
  }

  getTreeItem(row: Row): vscode.TreeItem {
    return treeItem(row.draw());
  }

  resolveTreeItem(item: vscode.TreeItem, row: Row): vscode.TreeItem {
    const text = row.tell();
    if (text !== undefined) item.tooltip = tooltip(text);
    this.reading = { row, since: Date.now() };
    return item;
  }

  getChildren(row?: Row): Row[] {
    if (row) this.unfolded.add(row.id);
    return [...this.rows.under(row)];
  }

  getParent(row: Row): Row | undefined {
    return row.parent;
  }

  /** The key of the inspection that a row belongs to: its name begins with that of the inspection's row. */
  inspectionOf({ id }: Pick<Node, 'id'>): string | undefined {
    return this.inspections.all.find(({ key }) => {
      const root = this.rowOf(key)?.id;
      return root !== undefined && (id === root || id.startsWith(`${root}/`));
    })?.key;
  }

  /** Brings the sidebar forward, and the keyboard into it, with one inspection in it, or with the first of its rows that has `id` among its siblings. */
  async reveal(key: string, id?: string): Promise<void> {
    if (!this.rowOf(key)) return;
    // A view that was never shown draws unfolded rows without theirs when the first thing it is asked is to reveal one.
    await vscode.commands.executeCommand(`${this.options.view}.focus`);
    await this.select(key, id, true);
  }

  /** Selects that row. What took its time must not take the keyboard: the user may be typing elsewhere by then. */
  async select(key: string, id?: string, focus = false): Promise<void> {
    const root = this.rowOf(key);
    if (!root) return;
    const row = id === undefined ? undefined : this.rowBelow(root, id);
    try {
      await this.view.reveal(row ?? root, { select: true, focus, expand: row === undefined });
    } catch {
      // The editor did not know the row yet: it is drawn below, and only not selected.
    }
    // On a slow machine it still happens now and then; drawing once more brings the rows.
    this.redraw.fire(undefined);
  }

  /** The nearest of those below a row, as far as it is worth looking. */
  private rowBelow(root: Row, id: string): Row | undefined {
    let row: Row | undefined = root;
    for (const node of pathTo(root.node, `/${id.length}:${id}`)) {
      const next: string = node.id;
      row = row && this.rows.under(row).find((below) => below.id === next);
    }
    return row === root ? undefined : row;
  }

  /** The top row of an inspection: a root, or just below its host's. */
  private rowOf(key: string): Row | undefined {
    for (const root of this.rows.under()) {
      const below = root.host === undefined ? [root] : this.getChildren(root);
      const found = below.find(({ inspection }) => inspection === key);
      if (found) return found;
    }
    return undefined;
  }

  /** The next look is shown at once, even when a tooltip is being read: the user asked for it. */
  dontWait(): void {
    this.reading = undefined;
    this.drawnAt = 0;
    this.drawnAboveAt = 0;
  }

  /** Words beside the title of the view. */
  set subtitle(words: string) {
    if (words !== (this.view.description ?? '')) this.view.description = words;
  }

  /** What `dress` goes by has changed. */
  dressAnew(): void {
    this.dontWait();
    this.update();
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
    return {
      kept: this.options.withoutHosts ? [] : this.hosts.kept.map(({ id }) => id),
      stateOf: (key) => this.hosts.get(key)?.state,
      now: () => this.hosts.now(),
    };
  }

  /** The rows that were below it when it was folded come back as they were: the editor does not ask for them again. */
  private unfold(row: Row): void {
    if (this.unfolded.has(row.id)) return;
    this.unfolded.add(row.id);
    this.drawnAt = 0;
    this.update();
  }

  private update(): void {
    clearTimeout(this.later);
    const { all } = this.inspections;
    const hosts = this.hostStates();
    this.roots = rootNodes(all, hosts, this.options.dress);
    const states = JSON.stringify([
      all.map((one) => [one.key, stateOf(one), one.snapshot.problem?.code]),
      this.hosts.all.map(({ key, state }) => [key, state.kind, 'next' in state]),
    ]);
    const outdated = this.rows.renew(this.roots, ({ id }) => this.unfolded.has(id));
    const rowHosts = [...hosts.kept, ...all.map(({ host }) => host)];
    const cutOff = isGrouped(all, hosts) && rowHosts.some((host) => isCutOff(host, hosts));
    const now = Date.now();
    const changed = states !== this.states;
    const urgent = changed || outdated.some(({ why }) => why === 'more');
    const due = outdated.map(({ row, why }) => {
      const aged = this.isAbove(row) ? this.drawnAboveAt + AGES_ABOVE : this.drawnAt + AGES;
      const from = cutOff ? this.drawnAt + COUNTDOWN / 2 : aged;
      const free = changed ? 0 : this.freeAt(row, why === 'age' ? READING_AGES : READING);
      return { row, at: Math.max(why === 'more' || (urgent && !this.isAbove(row)) ? 0 : from, free) };
    });
    const drawn = due.filter(({ at }) => at <= now);
    const next = Math.min(...due.map(({ at }) => at).filter((at) => at > now));
    const wake = Math.min(next, cutOff && this.visible ? now + COUNTDOWN : Number.POSITIVE_INFINITY);
    if (Number.isFinite(wake)) this.later = setTimeout(() => this.update(), wake - now);
    this.states = states;
    if (changed || drawn.length > 0) this.tellInShort();
    if (drawn.length > 0) this.draw(drawn.map(({ row }) => row));
  }

  /** Whether drawing it draws others. */
  private isAbove(row: Row | undefined): boolean {
    return row === undefined || (row.below !== undefined && this.unfolded.has(row.id));
  }

  /** From when on a row may be drawn, if it is not to be for so long after it, or one below it, began to be read. */
  private freeAt(row: Row | undefined, reading: number): number {
    const read = this.reading;
    return read && (row?.holds(read.row) ?? true) ? read.since + reading : 0;
  }

  /** The message above the rows and the number on the activity bar. */
  private tellInShort(): void {
    const { all } = this.inspections;
    const message = answer(all) ?? '';
    if (message !== (this.view.message ?? '')) this.view.message = message;
    const stuck = stuckInAll(all);
    if (stuck === (this.view.badge?.value ?? 0)) return;
    this.view.badge =
      stuck > 0 ? { value: stuck, tooltip: t('{0} stuck', count(stuck, 'request')) } : undefined;
  }

  /** Draws rows anew; undefined among them = the whole tree. */
  private draw(rows: readonly (Row | undefined)[]): void {
    this.drawnAt = Date.now();
    if (rows.some((row) => this.isAbove(row))) this.drawnAboveAt = this.drawnAt;
    this.redraw.fire(rows.every((row) => row !== undefined) ? [...rows] : undefined);
  }
}

/** The rows from below `root` to the nearest one whose id ends so; none where there is none. */
function pathTo(root: Node, end: string): readonly Node[] {
  const above = new Map<Node, Node>();
  let nodes: readonly Node[] = [root];
  for (let seen = 0; nodes.length > 0 && seen < MOST_SEEN; seen += nodes.length) {
    const found = nodes.find((node) => node.id.endsWith(end));
    if (found) return pathOf(found, above);
    nodes = nodes.flatMap((node) => {
      const below = node.children?.() ?? [];
      for (const one of below) above.set(one, node);
      return below;
    });
  }
  return [];
}

function pathOf(node: Node, above: ReadonlyMap<Node, Node>): readonly Node[] {
  const parent = above.get(node);
  return parent ? [...pathOf(parent, above), node] : [];
}
