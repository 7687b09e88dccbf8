import { Cursor } from '../cursor';
import { Entry, skipAttributes } from './entries';
import { readExtent } from './functions';
import { Attribute, Tag } from './names';
import { type Extent, type Range, rangeNow, rangesOf } from './ranges';
import type { Loaded, Unit } from './unit';

/** A call that the compiler put the callee's code in place of. */
export interface InlinedCall {
  /** DW_TAG_inlined_subroutine. */
  readonly entry: Entry;
  /** Index into the files of the unit's table of lines. */
  readonly file: number | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
}

interface Node {
  readonly offset: number;
  readonly extent: Extent;
  /** The node behind all that are within this one. */
  next: number;
  ranges: readonly Range[] | undefined;
}

/** Calls inlined into one function that are noted at most. */
const MOST_CALLS = 1 << 20;

/** The calls inlined into one function, by where their code is. */
export class InlinedCalls {
  private readonly nodes: Node[] = [];

  constructor(
    private readonly unit: Unit,
    private readonly loaded: Loaded,
    /** Of the function, counted from the unit's start. */
    offset: number,
  ) {
    this.walk(offset);
  }

  /** Calls whose code holds the address, outermost first. */
  async at(address: number): Promise<InlinedCall[]> {
    const calls: InlinedCall[] = [];
    let end = this.nodes.length;
    for (let place = 0; place < end; ) {
      const node = this.nodes[place];
      if (node === undefined) break;
      const now = node.ranges === undefined ? rangeNow(this.unit, node.extent) : undefined;
      node.ranges ??= now === undefined ? await rangesOf(this.unit, node.extent) : [now];
      const entry = node.ranges.some(({ low, high }) => address >= low && address < high)
        ? Entry.at(this.unit, this.loaded, node.offset)
        : undefined;
      if (entry === undefined) {
        place = node.next;
        continue;
      }
      calls.push({
        entry,
        file: entry.number(Attribute.callFile),
        line: entry.number(Attribute.callLine),
        column: entry.number(Attribute.callColumn),
      });
      end = node.next;
      place++;
    }
    return calls;
  }

  /** Functions within the function have code of their own and are looked up by that: they are passed over. */
  private walk(offset: number): void {
    const { unit, loaded } = this;
    const { work } = unit.file;
    const at = new Cursor(loaded.data, offset);
    /** For each entry that is open: the call it is. */
    const open: (Node | undefined)[] = [];
    /** How many entries were open where the function began that is passed over. */
    let passing = Number.POSITIVE_INFINITY;
    while (!at.done) {
      const start = at.at;
      const code = at.uleb();
      if (code === 0) {
        const closed = open.pop();
        if (closed !== undefined) closed.next = this.nodes.length;
        if (open.length <= passing) passing = Number.POSITIVE_INFINITY;
        if (open.length === 0) return;
        continue;
      }
      const abbreviation = loaded.abbreviations.find(code);
      if (abbreviation === undefined || this.nodes.length === MOST_CALLS) return;
      let node: Node | undefined;
      if (abbreviation.tag === Tag.inlinedSubroutine && open.length < passing) {
        const extent = readExtent(at, abbreviation.attributes, unit) ?? {};
        node = { offset: start, extent, next: this.nodes.length + 1, ranges: undefined };
        this.nodes.push(node);
      } else skipAttributes(at, abbreviation, unit);
      if (!work.spend(Math.max(at.at - start, abbreviation.attributes.length))) return;
      if (abbreviation.children) {
        if (abbreviation.tag === Tag.subprogram && open.length > 0 && open.length < passing)
          passing = open.length;
        open.push(node);
      } else if (open.length === 0) return;
    }
  }
}
