import type { Origin } from '../../model/request';
import type { Entry } from '../dwarf/entries';
import { Attribute, Tag } from '../dwarf/names';
import type { Image } from '../unwind/images';
import type { Code, ProgramFunction } from './code';
import { wordIn } from './processMemory';
import { isProgramFile } from './programFiles';
import { type Awaiting, type Standing, variantOf } from './rustFutures';
import { polledFrom, taskAwaiting } from './rustTasks';
import { isStructure, Looks, membersOf, typeOf } from './types';

/** A task in memory: what polls it, and where its pointer to its table lies. */
interface Task {
  readonly poll: ProgramFunction;
  readonly place: number;
}

/** What one task awaits, and the numbers in the future that is not the compiler's own at its end, with their names. */
type Waiting = Awaiting & { readonly numbers: ReadonlyMap<number, string> };

/** What has been found in a future, and how many members may still be looked at. */
interface Found {
  readonly numbers: Map<number, string>;
  readonly looks: Looks;
}

/** Bytes of the heap that are searched for tasks, in pieces, so many of them at once. */
const MOST_HEAP = 32 << 20;
const PIECE = 1 << 20;
const AT_ONCE = 4;
/** Tables that are looked into, and tasks that are kept. */
const MOST_TABLES = 2000;
const MOST_TASKS = 500;
/** Milliseconds for which it is believed which tasks there are. */
const BELIEVED = 10_000;
/** Structures within the future of an operation. */
const DEEPEST = 5;
const MOST_MEMBERS = 200;
/** What the number of an operation is called in the future that waits for it: `index` of tokio-uring's and monoio's. */
const NUMBER = /^(?:index|idx|key|id|token|slot|user_data|op_index|op_id)$/;
/** Futures that wait for other things than operations. */
const NO_OPERATION = /^(?:tokio|futures\w*|core|std|alloc)::/;
/** Places that are named. */
const MOST_PLACES = 3;

/** The tasks of a program in Rust, found in its heap by their tables. */
export class TaskList {
  private tasks: readonly Task[] = [];
  private until = 0;

  constructor(private readonly code: Code) {}

  /** By user_data: what the task awaits whose innermost future holds that number; of the others, if they may be of a task, what to add. */
  async of(
    userData: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly origins: readonly Origin[]; readonly words?: string }>> {
    const waiting = await this.waiting();
    const found = new Map<string, { readonly origins: readonly Origin[]; readonly words?: string }>();
    // One that holds a number waits for that.
    const open = perhaps(waiting.filter(({ numbers }) => numbers.size === 0));
    for (const value of userData) {
      const number = Number(value);
      const holding = waiting.filter(({ numbers }) => numbers.has(number));
      const [one] = holding;
      const [first, ...others] = one?.origins ?? [];
      if (!one || !first) {
        if (open !== undefined) found.set(value, { origins: [], words: open });
      } else if (holding.every((other) => isSame(other.origins, one.origins))) {
        const of = `${number}, ${one.numbers.get(number)} in the future that a task awaits`;
        found.set(value, { origins: [{ ...first, found: of }, ...others] });
      } else {
        // Each thread's ring counts anew.
        const words = perhaps(holding);
        if (words !== undefined) found.set(value, { origins: [], words });
      }
    }
    return found;
  }

  /** Those that wait for an operation, as far as the type of their innermost future tells. */
  private async waiting(): Promise<Waiting[]> {
    if (Date.now() > this.until) {
      this.tasks = await findTasks(this.code);
      this.until = Date.now() + BELIEVED;
    }
    const all: Waiting[] = [];
    for (const { poll, place } of this.tasks) {
      const awaited = await taskAwaiting(this.code, poll, place, 'a task');
      const { leaf } = awaited ?? {};
      if (!awaited || !leaf || NO_OPERATION.test((await leaf.info.nameOf(leaf.type)).name ?? '')) continue;
      const numbers = new Map<number, string>();
      await readNumbers(this.code, leaf, { numbers, looks: new Looks(MOST_MEMBERS) }, '', 0);
      all.push({ ...awaited, numbers });
    }
    return all;
  }
}

/** Pointers in the heap to tables of tasks. */
async function findTasks(code: Code): Promise<Task[]> {
  const { memory } = code;
  const executable = memory.executable();
  const image = executable && (await memory.image(executable.start));
  const tasks: Task[] = [];
  /** By table; undefined = it is none of a task. */
  const tables = new Map<number, ProgramFunction | undefined>();
  const pieces = image ? memory.heaps(MOST_HEAP, PIECE) : [];
  for (let at = 0; image && at < pieces.length && !memory.isSpent; at += AT_ONCE) {
    const read = pieces.slice(at, at + AT_ONCE).map(async ({ start, length }) => {
      return { start, data: await memory.bytes(start, length) };
    });
    for (const { start, data } of await Promise.all(read))
      for (const { offset, table } of pointersInto(data, image)) {
        if (tasks.length >= MOST_TASKS) return tasks;
        if (!tables.has(table) && tables.size < MOST_TABLES) tables.set(table, await polledFrom(code, table));
        const poll = tables.get(table);
        if (poll) tasks.push({ poll, place: start + offset });
      }
  }
  return tasks;
}

function* pointersInto(
  data: Buffer | undefined,
  { start, end }: Image,
): Generator<{ readonly offset: number; readonly table: number }> {
  const high = Math.floor(start / 2 ** 32);
  const last = Math.floor(end / 2 ** 32);
  for (let offset = 0; data && offset + 8 <= data.length; offset += 8) {
    const upper = data.readUInt32LE(offset + 4);
    if (upper < high || upper > last) continue;
    const table = upper * 2 ** 32 + data.readUInt32LE(offset);
    if (table >= start && table < end && table % 8 === 0) yield { offset, table };
  }
}

/** The numbers in a future whose names say that they are an operation's. */
async function readNumbers(
  code: Code,
  { info, type, address }: Standing,
  found: Found,
  outer: string,
  depth: number,
): Promise<void> {
  if (depth === DEEPEST) return;
  const read = async (name: string, entry: Entry, offset: number): Promise<void> => {
    const member = await typeOf(info, entry);
    const place = address + offset;
    if (member?.tag === Tag.baseType) {
      const value = NUMBER.test(name) ? await numberOf(code, member, place) : undefined;
      if (value !== undefined) found.numbers.set(value, name);
    } else if (isStructure(member))
      await readNumbers(code, { info, type: member, address: place }, found, name, depth + 1);
  };
  const part = [...type.children()].find(({ tag }) => tag === Tag.variantPart);
  const variant = part && (await variantOf(code, info, part, address));
  if (variant) await read(outer, variant.entry, variant.offset);
  for await (const { name = '', offset, entry } of membersOf(type)) {
    if (found.looks.spent()) return;
    await read(/^__\d+$/.test(name) ? outer : name, entry, offset);
  }
}

async function numberOf(code: Code, type: Entry, address: number): Promise<number | undefined> {
  const size = type.number(Attribute.byteSize);
  if (size !== 4 && size !== 8) return undefined;
  const data = await code.memory.bytes(address, size);
  return data && (size === 8 ? wordIn(data, 0) : data.readUInt32LE(0));
}

/** They wait at the same place, and so do those that await them. */
function isSame(some: readonly Origin[], others: readonly Origin[]): boolean {
  const alike = (one: Origin, other: Origin | undefined) =>
    one.function === other?.function && one.file === other.file && one.line === other.line;
  return some.length === others.length && some.every((one, index) => alike(one, others[index]));
}

/** Where the tasks wait of which one may be meant: undefined where there is none. */
function perhaps(waiting: readonly Waiting[]): string | undefined {
  const places = new Map<string, number>();
  for (const { origins } of waiting) {
    const [{ function: name, file, line } = { function: '' }] = origins;
    if (!isProgramFile(file)) continue;
    const place = `${name}() at ${file.slice(file.lastIndexOf('/') + 1)}:${line}`;
    places.set(place, (places.get(place) ?? 0) + 1);
  }
  const [first, ...others] = [...places].sort(
    ([place, count], [other, least]) => least - count || (place < other ? -1 : 1),
  );
  if (!first) return undefined;
  const [place, count] = first;
  if (others.length === 0)
    return count === 1
      ? `perhaps of the task that waits in ${place}`
      : `perhaps of one of the ${count} tasks that wait in ${place}`;
  const named = [first, ...others].slice(0, MOST_PLACES).map(([where, many]) => `${many} in ${where}`);
  const more = others.length + 1 - named.length;
  return `perhaps of one of the tasks that wait: ${named.join(', ')}${more > 0 ? `, and at ${more} more places` : ''}`;
}
