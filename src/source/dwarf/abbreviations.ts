import { Cursor } from '../cursor';
import type { Work } from '../trouble';
import { type Encoding, fixedSize, type Specification } from './forms';
import { Form } from './names';

/** Most attributes of one declaration; compilers use about 30. More would make bytes of nothing. */
const MOST_ATTRIBUTES = 200;
/** Work of a byte: what is kept of it is many times as big. */
const COST = 32;

/** How entries of one kind are laid out. */
export interface Abbreviation {
  readonly tag: number;
  readonly children: boolean;
  readonly attributes: readonly Specification[];
  /** Bytes of all attributes where they are always the same number, else undefined. */
  readonly size: number | undefined;
}

/** A unit's abbreviations, decoded up to the one that is asked for. */
export class Abbreviations {
  private readonly known: (Abbreviation | undefined)[] = [];
  /** Codes too big for an array. */
  private readonly far = new Map<number, Abbreviation>();
  private ended = false;
  private readonly at: Cursor;

  /** `data` from where the table begins; it may go on behind it. */
  constructor(
    data: Buffer,
    private readonly encoding: Encoding,
    private readonly work: Work,
  ) {
    this.at = new Cursor(data);
  }

  find(code: number): Abbreviation | undefined {
    const known = code >= 0 && code < MOST_NEAR ? this.known[code] : this.far.get(code);
    if (known !== undefined || this.ended) return known;
    return this.decodeTo(code);
  }

  /** True when the table ran out of `data` before its end. */
  get cut(): boolean {
    return this.at.bad;
  }

  private decodeTo(wanted: number): Abbreviation | undefined {
    const { at } = this;
    while (!this.ended) {
      const from = at.at;
      const code = at.uleb();
      const found = code === 0 ? undefined : this.decode();
      if (found === undefined || at.bad || !this.work.spend((at.at - from) * COST)) {
        this.ended = true;
        return undefined;
      }
      if (code < MOST_NEAR) this.known[code] ??= found;
      else if (!this.far.has(code)) this.far.set(code, found);
      if (code === wanted) return found;
    }
    return undefined;
  }

  private decode(): Abbreviation | undefined {
    const { at } = this;
    const tag = at.uleb();
    const children = at.u8() !== 0;
    const attributes: Specification[] = [];
    let size: number | undefined = 0;
    while (!at.bad) {
      const attribute = at.uleb();
      const form = at.uleb();
      const constant = form === Form.implicitConst ? at.sleb() : 0;
      if (attribute === 0 && form === 0) return { tag, children, attributes, size };
      if (attributes.length === MOST_ATTRIBUTES) return undefined;
      attributes.push({ attribute, form, constant });
      const fixed = fixedSize(form, this.encoding);
      size = size === undefined || fixed === undefined ? undefined : size + fixed;
    }
    return undefined;
  }
}

const MOST_NEAR = 1 << 16;
