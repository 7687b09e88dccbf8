import { Cursor } from '../cursor';
import type { FrameEntry } from './frameEntries';
import { readPointer } from './pointers';

/** Where the caller's value of a register is. Offsets count from the CFA. */
export type Rule =
  | { readonly kind: 'same' | 'undefined' }
  | { readonly kind: 'at' | 'is'; readonly offset: number }
  | { readonly kind: 'register'; readonly register: number }
  | { readonly kind: 'at expression' | 'is expression'; readonly expression: Buffer };

export type CfaRule =
  | { readonly register: number; readonly offset: number }
  | { readonly expression: Buffer };

/** How to get from one address of a function to its caller. */
export interface Row {
  readonly cfa: CfaRule;
  readonly rules: ReadonlyMap<number, Rule>;
  readonly returnAddress: number;
  readonly isSignal: boolean;
  /** Of the function, or the part of it that the entry is about. */
  readonly start: number;
  readonly end: number;
  /** Where the CFA began to be counted from another register than the stack pointer. */
  readonly framePointerAt?: number;
}

/** States that remember_state may keep; compilers nest two at most. */
const MOST_STATES = 64;
/** Registers that rules are about, and states that one entry remembers in turn: no compiler comes near. */
const MOST_RULES = 256;
const MOST_REMEMBERED = 4096;

class State {
  cfa: CfaRule | undefined;
  rules = new Map<number, Rule>();
  location: number;
  framePointerAt: number | undefined;
  failed = false;
  private initial: ReadonlyMap<number, Rule> = new Map();
  private remembered = 0;
  private readonly kept: { readonly cfa: CfaRule | undefined; readonly rules: Map<number, Rule> }[] = [];

  constructor(
    private readonly entry: FrameEntry,
    private readonly stop: number,
    private readonly stackPointer: number,
  ) {
    this.location = entry.start;
  }

  /** Runs until the row of the address is reached. */
  run(instructions: Buffer): void {
    const { codeFactor, dataFactor } = this.entry.common;
    const cursor = new Cursor(instructions);
    while (!cursor.done && !this.failed) {
      const byte = cursor.u8();
      const low = byte & 0x3f;
      if (byte >> 6 === 1) this.location += low * codeFactor;
      else if (byte >> 6 === 2) this.set(low, { kind: 'at', offset: cursor.uleb() * dataFactor });
      else if (byte >> 6 === 3) this.restore(low);
      else this.extended(low, cursor);
      if (this.location > this.stop) return;
    }
    this.failed ||= cursor.bad;
  }

  initialDone(): void {
    this.initial = new Map(this.rules);
  }

  /** DW_CFA_* by number, of DWARF 5 section 7.24 and the GNU extensions. */
  private extended(operation: number, cursor: Cursor): void {
    const { codeFactor, dataFactor, pointerEncoding } = this.entry.common;
    switch (operation) {
      case 0x00: // nop
        return;
      case 0x01: // set_loc
        this.location = readPointer(cursor, pointerEncoding);
        return;
      case 0x02: // advance_loc1
        this.location += cursor.u8() * codeFactor;
        return;
      case 0x03: // advance_loc2
        this.location += cursor.u16() * codeFactor;
        return;
      case 0x04: // advance_loc4
        this.location += cursor.u32() * codeFactor;
        return;
      case 0x05: // offset_extended
        this.set(cursor.uleb(), { kind: 'at', offset: cursor.uleb() * dataFactor });
        return;
      case 0x06: // restore_extended
        this.restore(cursor.uleb());
        return;
      case 0x07: // undefined
        this.set(cursor.uleb(), { kind: 'undefined' });
        return;
      case 0x08: // same_value
        this.set(cursor.uleb(), { kind: 'same' });
        return;
      case 0x09: // register
        this.set(cursor.uleb(), { kind: 'register', register: cursor.uleb() });
        return;
      case 0x0a: // remember_state
        this.failed ||= this.kept.length >= MOST_STATES || ++this.remembered > MOST_REMEMBERED;
        this.kept.push({ cfa: this.cfa, rules: new Map(this.rules) });
        return;
      case 0x0b: // restore_state
        this.recall();
        return;
      case 0x0c: // def_cfa
        this.cfaFrom(cursor.uleb(), cursor.uleb());
        return;
      case 0x0d: // def_cfa_register
        this.cfaFrom(cursor.uleb(), this.cfaOffset());
        return;
      case 0x0e: // def_cfa_offset
        this.cfaFrom(this.cfaRegister(), cursor.uleb());
        return;
      case 0x0f: // def_cfa_expression
        this.cfa = { expression: cursor.block(cursor.uleb()) };
        return;
      case 0x10: // expression
        this.set(cursor.uleb(), { kind: 'at expression', expression: cursor.block(cursor.uleb()) });
        return;
      case 0x11: // offset_extended_sf
        this.set(cursor.uleb(), { kind: 'at', offset: cursor.sleb() * dataFactor });
        return;
      case 0x12: // def_cfa_sf
        this.cfaFrom(cursor.uleb(), cursor.sleb() * dataFactor);
        return;
      case 0x13: // def_cfa_offset_sf
        this.cfaFrom(this.cfaRegister(), cursor.sleb() * dataFactor);
        return;
      case 0x14: // val_offset
        this.set(cursor.uleb(), { kind: 'is', offset: cursor.uleb() * dataFactor });
        return;
      case 0x15: // val_offset_sf
        this.set(cursor.uleb(), { kind: 'is', offset: cursor.sleb() * dataFactor });
        return;
      case 0x16: // val_expression
        this.set(cursor.uleb(), { kind: 'is expression', expression: cursor.block(cursor.uleb()) });
        return;
      case 0x2d: // AARCH64_negate_ra_state: the signature is taken off every return address anyway
        return;
      case 0x2e: // GNU_args_size
        cursor.uleb();
        return;
      case 0x2f: // GNU_negative_offset_extended
        this.set(cursor.uleb(), { kind: 'at', offset: -cursor.uleb() * dataFactor });
        return;
      default:
        this.failed = true;
    }
  }

  private set(register: number, rule: Rule): void {
    this.rules.set(register, rule);
    this.failed ||= this.rules.size > MOST_RULES;
  }

  private restore(register: number): void {
    const rule = this.initial.get(register);
    if (rule) this.rules.set(register, rule);
    else this.rules.delete(register);
  }

  private recall(): void {
    const state = this.kept.pop();
    this.failed ||= state === undefined;
    this.cfa = state?.cfa;
    this.rules = state?.rules ?? this.rules;
  }

  private cfaFrom(register: number, offset: number): void {
    if (register !== this.stackPointer && this.cfaRegister() !== register)
      this.framePointerAt = this.location;
    this.cfa = { register, offset };
  }

  private cfaRegister(): number {
    return this.cfa && 'register' in this.cfa ? this.cfa.register : -1;
  }

  private cfaOffset(): number {
    return this.cfa && 'register' in this.cfa ? this.cfa.offset : 0;
  }
}

/** The row of an address within the entry; both as linked. Undefined where the instructions are nonsense. */
export function rowAt(entry: FrameEntry, address: number, stackPointer: number): Row | undefined {
  const { common, start, end } = entry;
  const state = new State(entry, address, stackPointer);
  state.run(common.instructions);
  state.initialDone();
  state.run(entry.instructions);
  if (state.failed || state.cfa === undefined) return undefined;
  return {
    cfa: state.cfa,
    rules: state.rules,
    returnAddress: common.returnAddress,
    isSignal: common.isSignal,
    start,
    end,
    ...(state.framePointerAt === undefined ? {} : { framePointerAt: state.framePointerAt }),
  };
}
