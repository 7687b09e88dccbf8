import { type Node, withoutAges } from './node';

/**
 * A row as the editor holds it: the same object at every look, so that one can be drawn anew without the others. It stands
 * for its newest node; what was drawn of it is kept to tell whether it looks different now.
 */
export class Row {
  /** The rows below it as they were last asked for; undefined = it was never unfolded. */
  below: readonly Row[] | undefined;
  /** What it looked like when it was last drawn. */
  private drawn: string | undefined;
  /** The tooltip that the editor keeps until the row is drawn anew. */
  private told: string | undefined;

  constructor(
    public node: Node,
    readonly parent?: Row,
  ) {}

  get id(): string {
    return this.node.id;
  }

  /** As a command that comes from the row's menu reads it. */
  get inspection(): string | undefined {
    return this.node.inspection;
  }

  get host(): string | undefined {
    return this.node.host;
  }

  get source(): Node['source'] {
    return this.node.source;
  }

  get stack(): Node['stack'] {
    return this.node.stack;
  }

  /** Called when the editor draws it. */
  draw(): Node {
    this.drawn = lookOf(this.node);
    this.told = undefined;
    return this.node;
  }

  /** Its tooltip; undefined where it has none. */
  tell(): string | undefined {
    this.told = this.node.tooltip?.();
    return this.told;
  }

  /** Whether something else than what was drawn can be seen now; `age` = nothing but time has passed. */
  outdated(): 'age' | 'more' | undefined {
    if (this.drawn === undefined) return undefined;
    const now = lookOf(this.node);
    if (now !== this.drawn) return withoutAges(now) === withoutAges(this.drawn) ? 'age' : 'more';
    return this.told !== undefined && this.told !== this.node.tooltip?.() ? 'age' : undefined;
  }

  /** Whether drawing it anew draws `other` too. */
  holds(other: Row): boolean {
    for (let row: Row | undefined = other; row; row = row.parent) if (row === this) return true;
    return false;
  }
}

/** A row that is to be drawn anew with all below it; without one, the whole tree. */
export interface Outdated {
  readonly row?: Row;
  readonly why: 'age' | 'more';
}

/** The rows that the editor has been given. */
export class Rows {
  private nodes: readonly Node[] = [];
  private top: readonly Row[] = [];

  /** The rows below one, or the top ones, from the newest nodes: those that were there before are the same objects. */
  under(row?: Row): readonly Row[] {
    const before = new Map((row ? (row.below ?? []) : this.top).map((one) => [one.id, one]));
    const nodes = row ? (row.node.children?.() ?? []) : this.nodes;
    const rows = nodes.map((node) => {
      const same = before.get(node.id) ?? new Row(node, row);
      same.node = node;
      return same;
    });
    if (row) row.below = rows;
    else this.top = rows;
    return rows;
  }

  /** Takes the nodes of a new look; answers what is no longer as it was drawn. `unfolded` = its rows can be seen. */
  renew(nodes: readonly Node[], unfolded: (row: Row) => boolean): readonly Outdated[] {
    this.nodes = nodes;
    const outdated: Outdated[] = [];
    const follow = (rows: readonly Row[], newest: readonly Node[]): boolean => {
      if (rows.length !== newest.length || rows.some(({ id }, index) => id !== newest[index]?.id))
        return false;
      for (const [index, row] of rows.entries()) {
        row.node = newest[index] ?? row.node;
        const why = row.outdated();
        const below = row.below && unfolded(row) ? row.below : undefined;
        const same = !below || follow(below, row.node.children?.() ?? []);
        if (!same) outdated.push({ row, why: 'more' });
        else if (why) outdated.push({ row, why });
      }
      return true;
    };
    return follow(this.top, nodes) ? outdated : [{ why: 'more' }];
  }
}

/** All of a row that can be seen or chosen, but the rows below it. */
function lookOf({
  label,
  description,
  icon,
  spoken,
  context,
  learnMore,
  sudo,
  source,
  command,
  children,
}: Node): string {
  return JSON.stringify([
    label,
    description,
    icon,
    spoken,
    context,
    learnMore,
    sudo,
    source,
    command,
    children !== undefined,
  ]);
}
