import { t } from '../model/l10n';
import type { KernelFrame, Sample } from '../model/sample';
import { grouped, shown } from './words';

/** One row of the tree, as plain data: what the editor shows is made from it in treeItem.ts. */
export interface Node {
  /** Tells it from its siblings and is the same at the next look; `placed` makes it unique in the whole tree. */
  readonly id: string;
  readonly label: string;
  readonly description?: string;
  readonly icon?: NodeIcon;
  /** Markdown in which all text of the target is escaped. Made when the pointer rests on the row. */
  readonly tooltip?: () => string;
  /** What a screen reader says; label and description when absent. */
  readonly spoken?: string;
  /** Absent = a leaf. Made when the row is unfolded. */
  readonly children?: () => readonly Node[];
  readonly expanded?: boolean;
  /** For `when` clauses of menus. */
  readonly context?: string;
  /** Tag of the finding whose page a click opens. */
  readonly learnMore?: string;
  /** Key of the inspection the row belongs to; set on its top row. */
  readonly inspection?: string;
  /** Key of the host that the row stands for. */
  readonly host?: string;
  /** Key of the inspection that a click begins anew with more rights. */
  readonly sudo?: string;
  /** What the row is about in the program's source; a click on a leaf opens it. */
  readonly source?: SourceLink;
  /** The stack the row is of or in, one frame a line. */
  readonly stack?: () => string;
  /** What else a click does. */
  readonly command?: NodeCommand;
  /** The frame of a kernel stack whose source a click goes to. */
  readonly kernelFrame?: KernelFrameRow;
}

export interface NodeCommand {
  readonly id: string;
  readonly title: string;
  readonly arguments: readonly unknown[];
}

/** A line of the program's source, as its compiler was given the path. */
export interface SourceLink {
  readonly file: string;
  /** From 1. */
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** When the binary was made, seconds since 1970: edits since then have moved the line. */
  readonly binaryModified?: number | undefined;
}

export interface KernelFrameRow {
  readonly frame: KernelFrame;
  /** Innermost first; the frame is one of these. */
  readonly stack: readonly KernelFrame[];
  readonly host: Pick<Sample['host'], 'kernel' | 'stable' | 'arch'>;
}

export interface NodeIcon {
  /** A codicon. */
  readonly id: string;
  /** A theme colour. */
  readonly color?: string;
}

/** Rows shown below one row before the rest folds into "and 9,800 more". */
export const PAGE = 200;

/** Cuts a long list: the rows after a page stand below one row that says how many they are. */
export function paged<T>(
  items: readonly T[],
  row: (item: T, index: number) => Node,
  from = 0,
): readonly Node[] {
  const end = items.length - from <= PAGE + 1 ? items.length : from + PAGE;
  const rows = items.slice(from, end).map((item, index) => row(item, from + index));
  if (end === items.length) return rows;
  const more = items.length - end;
  return [
    ...rows,
    {
      id: 'more',
      label: t('and {0} more', grouped(more)),
      icon: { id: 'ellipsis' },
      children: () => paged(items, row, end),
    },
  ];
}

/** Rows of an outline; a Sample may hold 100,000 requests. */
const MOST_LINES = 20_000;

/** The tree as text, two spaces a level; `open` says which rows to go into. Says so where it is cut at `most` rows. */
export function outline(
  nodes: readonly Node[],
  open: (node: Node) => boolean = () => true,
  most = MOST_LINES,
): string {
  const lines: string[] = [];
  const write = (some: readonly Node[], depth: number): boolean =>
    some.every((node) => {
      if (lines.length >= most) return false;
      lines.push(`${'  '.repeat(depth)}${node.label}${node.description ? `  ${node.description}` : ''}\n`);
      return !node.children || !open(node) || write(node.children(), depth + 1);
    });
  if (!write(nodes, 0)) lines.push(t('… cut after {0} rows\n', grouped(most)));
  return lines.join('');
}

/** A text in which no time passes: of two, tells whether anything else has changed. */
export function withoutAges(text: string): string {
  return text.replace(/\d+(\.\d+)? (s|min|h|days)\b/g, 'a while').replace(/a while( a while)+/g, 'a while');
}

/**
 * Rows with ids that no other row of the tree has, whatever the target calls its files: an id is its
 * parent's, then its own with its length in front; siblings of one name are numbered.
 */
export function placed(nodes: readonly Node[], parent?: string): readonly Node[] {
  const taken = new Set<string>();
  const next = new Map<string, number>();
  return nodes.map((node) => {
    let own = node.id;
    while (taken.has(own)) {
      const times = (next.get(node.id) ?? 0) + 1;
      next.set(node.id, times);
      own = `${node.id}~${times}`;
    }
    taken.add(own);
    const id = parent === undefined ? own : `${parent}/${own.length}:${own}`;
    const { children, tooltip } = node;
    return {
      ...node,
      id,
      ...(tooltip ? { tooltip: () => tooltipOrNot(tooltip) } : {}),
      ...(children ? { children: once(() => placed(shownOrNot(children), id)) } : {}),
    };
  });
}

/** A tree does not change once it is made; a row of tens of thousands of requests is not made twice. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** A sample from a file may hold what no look finds: then one row says so instead of its part of the tree. */
function shownOrNot(children: () => readonly Node[]): readonly Node[] {
  try {
    return children();
  } catch (error) {
    return [unshowable(error)];
  }
}

function tooltipOrNot(tooltip: () => string): string {
  try {
    return tooltip();
  } catch {
    return t('This part cannot be shown\\.');
  }
}

export function unshowable(error: unknown): Node {
  return {
    id: 'unshowable',
    label: t('This part cannot be shown'),
    description: shown(error instanceof Error ? error.message : String(error)),
    icon: { id: 'warning', color: 'list.warningForeground' },
  };
}
