import { printable } from '../model/printable';

/** A row of the variables view, a scope or the result of an expression; what is below it is made when it is unfolded. */
export interface Item {
  readonly name: string;
  readonly value: string;
  readonly type?: string;
  /** Address in the process's memory that it is about, as hex. */
  readonly memory?: string;
  /** The expression that finds it again. */
  readonly evaluate?: string;
  readonly below?: Below;
}

export interface Below {
  readonly named?: () => readonly Item[];
  /** Rows of a long list, made one by one. */
  readonly indexed?: { readonly count: number; at(index: number): Item };
}

/** Characters of a value. */
const LONGEST = 1000;

/** A row of one fact; none where it is unknown. Text of the target is made harmless. */
export function fact(
  name: string,
  value: string | number | boolean | null | undefined,
  more: Omit<Item, 'name' | 'value'> = {},
): readonly Item[] {
  if (value === undefined || value === null || value === '') return [];
  return [{ name: printable(name, 64), value: printable(String(value), LONGEST), ...more }];
}

/** A row with a list below it; none where the list is empty. */
export function list<T>(
  name: string,
  rows: readonly T[],
  item: (row: T, index: number) => Item,
  value = String(rows.length),
): readonly Item[] {
  return rows.length === 0 ? [] : [{ name, value: printable(value, LONGEST), below: indexed(rows, item) }];
}

export function indexed<T>(rows: readonly T[], item: (row: T, index: number) => Item): Below {
  return {
    indexed: {
      count: rows.length,
      at(index) {
        const row = rows[index];
        if (row === undefined) throw new RangeError(`There is no row ${index}.`);
        return item(row, index);
      },
    },
  };
}

/** The kernel maps nothing below (vm.mmap_min_addr): what is smaller is a number. */
const LEAST_ADDRESS = 0x1_0000n;

/** An address whose memory may be looked at; undefined where it can be none. */
export function addressOf(text: string | undefined): string | undefined {
  return text !== undefined && /^0x[\da-f]{1,16}$/.test(text) && BigInt(text) >= LEAST_ADDRESS
    ? text
    : undefined;
}

/** The address as a row has it. */
export function memoryOf(text: string | undefined): Pick<Item, 'memory'> {
  const memory = addressOf(text);
  return memory === undefined ? {} : { memory };
}
