import { Cursor } from '../cursor';
import { type LineHeader, readOldFile, type SourceFile } from './lineHeader';

export interface Row {
  /** Index into the files of the table. */
  readonly file: number;
  /** 0: the compiler ties the code to no line. */
  readonly line: number;
  /** 0: the left edge, or not told. */
  readonly column: number;
}

/** Rows of consecutive code, from place `from` up to `to`, which holds the end. */
interface Sequence {
  readonly low: number;
  readonly high: number;
  readonly from: number;
  readonly to: number;
}

const Standard = {
  copy: 1,
  advancePc: 2,
  advanceLine: 3,
  setFile: 4,
  setColumn: 5,
  negateStatement: 6,
  basicBlock: 7,
  constAddPc: 8,
  fixedAdvancePc: 9,
  prologueEnd: 10,
  epilogueBegin: 11,
  isa: 12,
} as const;
const Extended = { endSequence: 1, setAddress: 2, defineFile: 3 } as const;

/** Rows of one table at most: 150 MB. */
const MOST_ROWS = 8 << 20;
/** Of the program; compilers need 3 to 5. */
const BYTES_A_ROW = 3;

/** What a line number program says, row by row. */
export class LineRows {
  private addresses: Float64Array;
  private files: Uint32Array;
  private lines: Uint32Array;
  private columns: Uint16Array;
  private statements: Uint8Array;
  private count = 0;
  private readonly sequences: Sequence[] = [];

  /** Files that the program itself defined. */
  readonly defined: SourceFile[] = [];

  /** `zero`: code at address 0 is code, not the mark of a function that the linker dropped. */
  constructor(data: Buffer, header: LineHeader, zero: boolean) {
    const room = Math.min(Math.ceil((header.end - header.program) / BYTES_A_ROW) + 16, MOST_ROWS);
    this.addresses = new Float64Array(room);
    this.files = new Uint32Array(room);
    this.lines = new Uint32Array(room);
    this.columns = new Uint16Array(room);
    this.statements = new Uint8Array(room);
    this.run(new Cursor(data.subarray(0, header.end), header.program), header, zero);
    this.sequences.sort((a, b) => a.low - b.low);
  }

  /** Bytes held, roughly. */
  get weight(): number {
    return this.addresses.length * 19 + this.sequences.length * 64;
  }

  /** The row of the instruction that holds an address. */
  at(address: number): Row | undefined {
    const place = this.placeOf(address);
    return place === undefined ? undefined : this.row(place);
  }

  /** All rows from `low` up to, not including, `high`, with their addresses. `statement`: a debugger would stop there. */
  *within(
    low: number,
    high: number,
  ): Generator<Row & { readonly address: number; readonly statement: boolean }> {
    for (const sequence of this.sequences) {
      if (sequence.low >= high || sequence.high <= low) continue;
      for (let place = sequence.from; place < sequence.to; place++) {
        const address = this.addresses[place] ?? 0;
        if (address >= low && address < high)
          yield { address, statement: this.statements[place] === 1, ...this.row(place) };
      }
    }
  }

  private row(place: number): Row {
    return { file: this.files[place] ?? 0, line: this.lines[place] ?? 0, column: this.columns[place] ?? 0 };
  }

  private placeOf(address: number): number | undefined {
    let low = 0;
    let high = this.sequences.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.sequences[middle]?.low ?? 0) <= address) low = middle + 1;
      else high = middle;
    }
    const sequence = this.sequences[low - 1];
    if (sequence === undefined || address >= sequence.high) return undefined;
    let from = sequence.from;
    let to = sequence.to;
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.addresses[middle] ?? 0) <= address) from = middle + 1;
      else to = middle;
    }
    return from - 1;
  }

  private run(at: Cursor, header: LineHeader, zero: boolean): void {
    const { minimumLength, lineBase, lineRange, opcodeBase } = header;
    const constant = Math.floor((255 - opcodeBase) / lineRange) * minimumLength;
    let address = 0;
    let file = 1;
    let line = 1;
    let column = 0;
    let statement = true;
    let first = 0;
    let sorted = true;
    const emit = () => {
      if (this.count > first && address < (this.addresses[this.count - 1] ?? 0)) sorted = false;
      this.add(address, file, line, column, statement);
    };
    const endSequence = () => {
      emit();
      const low = this.addresses[first] ?? 0;
      // Addresses that fall within a sequence would make a search of it wrong: such a one is left out.
      if (sorted && (low !== 0 || zero) && address > low)
        this.sequences.push({ low, high: address, from: first, to: this.count - 1 });
      else this.count = first;
      first = this.count;
      sorted = true;
      address = 0;
      file = 1;
      line = 1;
      column = 0;
      statement = true;
    };
    while (!at.done && this.count < MOST_ROWS) {
      const opcode = at.u8();
      if (opcode >= opcodeBase) {
        const adjusted = opcode - opcodeBase;
        address += Math.floor(adjusted / lineRange) * minimumLength;
        line += lineBase + (adjusted % lineRange);
        emit();
        continue;
      }
      switch (opcode) {
        case 0: {
          const length = at.uleb();
          const next = at.at + length;
          const kind = length === 0 ? undefined : at.u8();
          if (kind === Extended.endSequence) endSequence();
          else if (kind === Extended.setAddress) address = at.unsigned(length === 5 ? 4 : 8);
          else if (kind === Extended.defineFile) this.defined.push(readOldFile(at));
          if (next < at.at && !at.bad) at.spoil();
          else at.skip(next - at.at);
          break;
        }
        case Standard.copy:
          emit();
          break;
        case Standard.advancePc:
          address += at.uleb() * minimumLength;
          break;
        case Standard.advanceLine:
          line += at.sleb();
          break;
        case Standard.setFile:
          file = at.uleb();
          break;
        case Standard.setColumn:
          column = at.uleb();
          break;
        case Standard.negateStatement:
          statement = !statement;
          break;
        case Standard.basicBlock:
        case Standard.prologueEnd:
        case Standard.epilogueBegin:
          break;
        case Standard.constAddPc:
          address += constant;
          break;
        case Standard.fixedAdvancePc:
          address += at.u16();
          break;
        case Standard.isa:
          at.skipLeb();
          break;
        default:
          for (let left = header.operands[opcode] ?? 0; left > 0; left--) at.skipLeb();
      }
    }
  }

  private add(address: number, file: number, line: number, column: number, statement: boolean): void {
    const place = this.count++;
    if (place >= this.addresses.length) this.grow();
    this.addresses[place] = address;
    this.files[place] = file;
    this.lines[place] = line;
    this.columns[place] = column > 0xffff ? 0 : column;
    this.statements[place] = statement ? 1 : 0;
  }

  private grow(): void {
    const size = this.addresses.length * 2;
    const addresses = new Float64Array(size);
    addresses.set(this.addresses);
    this.addresses = addresses;
    const files = new Uint32Array(size);
    files.set(this.files);
    this.files = files;
    const lines = new Uint32Array(size);
    lines.set(this.lines);
    this.lines = lines;
    const columns = new Uint16Array(size);
    columns.set(this.columns);
    this.columns = columns;
    const statements = new Uint8Array(size);
    statements.set(this.statements);
    this.statements = statements;
  }
}
