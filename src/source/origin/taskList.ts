import type { Origin } from '../../model/request';
import type { Entry } from '../dwarf/entries';
import { Attribute, Tag } from '../dwarf/names';
import type { Image } from '../unwind/images';
import type { Code, ProgramFunction } from './code';
import { wordIn } from './processMemory';
import { isProgramFile } from './programFiles';
import { type Awaiting, type Standing, variantOf } from './rustFutures';
import { polledFrom, taskAwaiting } from './rustTasks';
import { isStructure, membersOf, typeOf } from './types';

/** A task in memory: what polls it, and where its pointer to its table lies. */
interface Task {
  readonly poll: ProgramFunction;
  readonly place: number;
}

/** What one task awaits, and the future that is not the compiler's own at its end. */
type Waiting = Awaiting & { readonly leaf: Standing };

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
    const rest = new Set(waiting);
    for (const value of userData) {
      const number = Number(value);
      for (const one of rest) {
        const member = await memberHolding(this.code, one.leaf, number, '', 0);
        if (member === undefined) continue;
        const [first, ...others] = one.origins;
        const of = `${number}, ${member} in the future that a task awaits`;
        if (first) found.set(value, { origins: [{ ...first, found: of }, ...others] });
        rest.delete(one);
        break;
      }
    }
    const words = perhaps([...rest]);
    if (words) for (const value of userData) if (!found.has(value)) found.set(value, { origins: [], words });
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
      all.push({ ...awaited, leaf });
    }
    return all;
  }
}

/** Pointers in the heap to tables of tasks. */
async function findTasks(code: Code): Promise<Task[]> {
  const executable = code.memory.executable();
  const image = executable && (await code.memory.image(executable.start));
  if (!image) return [];
  const tables = new Map<number, Promise<ProgramFunction | undefined>>();
  const tasks: Task[] = [];
  const pieces = code.memory.heaps(MOST_HEAP, PIECE);
  for (let at = 0; at < pieces.length && !code.memory.isSpent; at += AT_ONCE) {
    const read = pieces.slice(at, at + AT_ONCE).map(async ({ start, length }) => {
      const data = await code.memory.bytes(start, length);
      return { start, words: data ? pointersInto(data, image) : [] };
    });
    for (const { start, words } of await Promise.all(read))
      for (const { at: offset, word } of words) {
        let poll = tables.get(word);
        if (!poll && tables.size < MOST_TABLES) {
          poll = polledFrom(code, word);
          tables.set(word, poll);
        }
        const polled = await poll;
        if (polled && tasks.length < MOST_TASKS) tasks.push({ poll: polled, place: start + offset });
      }
  }
  return tasks;
}

function pointersInto(data: Buffer, { start, end }: Image): { readonly at: number; readonly word: number }[] {
  const found: { readonly at: number; readonly word: number }[] = [];
  const high = Math.floor(start / 2 ** 32);
  const last = Math.floor(end / 2 ** 32);
  for (let at = 0; at + 8 <= data.length; at += 8) {
    const upper = data.readUInt32LE(at + 4);
    if (upper < high || upper > last) continue;
    const word = wordIn(data, at);
    if (word !== undefined && word >= start && word < end && word % 8 === 0) found.push({ at, word });
  }
  return found;
}

/** The name of the member that holds that number and is called as such a number is. */
async function memberHolding(
  code: Code,
  { info, type, address }: Standing,
  number: number,
  outer: string,
  depth: number,
): Promise<string | undefined> {
  if (depth === DEEPEST) return undefined;
  const inner = async (name: string, entry: Entry, offset: number): Promise<string | undefined> => {
    const member = await typeOf(info, entry);
    const place = address + offset;
    if (member?.tag === Tag.baseType)
      return NUMBER.test(name) && (await holds(code, member, place, number)) ? name : undefined;
    if (!isStructure(member)) return undefined;
    return memberHolding(code, { info, type: member, address: place }, number, name, depth + 1);
  };
  const part = [...type.children()].find(({ tag }) => tag === Tag.variantPart);
  const variant = part && (await variantOf(code, info, part, address));
  if (variant) return inner(outer, variant.entry, variant.offset);
  for await (const { name = '', offset, entry } of membersOf(type)) {
    const found = await inner(/^__\d+$/.test(name) ? outer : name, entry, offset);
    if (found !== undefined) return found;
  }
  return undefined;
}

async function holds(code: Code, type: Entry, address: number, number: number): Promise<boolean> {
  const size = type.number(Attribute.byteSize);
  if (size !== 4 && size !== 8) return false;
  const data = await code.memory.bytes(address, size);
  return data !== undefined && (size === 8 ? wordIn(data, 0) : data.readUInt32LE(0)) === number;
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
  const [first, ...others] = [...places].sort(([, a], [, b]) => b - a);
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
