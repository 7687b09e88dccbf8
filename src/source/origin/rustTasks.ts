import type { Entry } from '../dwarf/entries';
import { Tag } from '../dwarf/names';
import type { Code, ProgramFunction } from './code';
import { wordIn } from './processMemory';
import { type Awaiting, awaiting, type Standing, variantOf } from './rustFutures';
import { isStructure, Looks, type Member, memberNamed, membersOf, pointedTo, typeOf } from './types';

/** Where the header of a task has its table, and what the task is, by the function that polls it. */
interface TaskType {
  /** Of the pointer to the table, from the task's beginning. */
  readonly table: number;
  /** Of what it runs, from the task's beginning; its variants say whether it still does. */
  readonly stage: number;
  readonly future: Entry;
}

/** Words of a task's table: functions, the one that polls among them, and offsets. */
const WORDS = 8;
/** tokio since 1.0, and monoio since 0.0.1, whose tasks are made after it: runtime/task/raw.rs. */
const POLLS = /^(?:tokio::runtime|monoio)::task::raw::poll(?:<|$)/;
/** Entries of one function that are looked at, structures within structures, futures around futures. */
const MOST_ENTRIES = 2000;
const DEEPEST = 6;

const types = new WeakMap<ProgramFunction, Promise<TaskType | undefined>>();

/** The function that polls the tasks of a table; undefined where it is none of a task. */
export async function polledFrom(code: Code, table: number): Promise<ProgramFunction | undefined> {
  const { memory } = code;
  if (table % 8 !== 0 || memory.isCode(table) || !(await memory.image(table))) return undefined;
  const data = await memory.bytes(table, 8 * WORDS);
  for (let at = 0; data && at < data.length; at += 8) {
    const word = wordIn(data, at);
    if (!word || !memory.isCode(word)) continue;
    const method = await code.startingAt(word);
    if (method && POLLS.test(method.name)) return method;
  }
  return undefined;
}

/** What the task awaits whose pointer to its table lies at `place`; undefined where it has ended, or nothing tells. */
export async function taskAwaiting(
  code: Code,
  poll: ProgramFunction,
  place: number,
  found: string,
): Promise<Awaiting | undefined> {
  const type = await taskType(poll);
  const { info } = poll;
  if (!type || !info) return undefined;
  const stage = place - type.table + type.stage;
  const part = [...type.future.children()].find(({ tag }) => tag === Tag.variantPart);
  const variant = part && (await variantOf(code, info, part, stage));
  if (!variant || (await variant.entry.name()) !== 'Running') return undefined;
  const running = await typeOf(info, variant.entry);
  const [first] = running ? await allMembers(running) : [];
  const future = first && (await typeOf(info, first.entry));
  if (!first || !isStructure(future)) return undefined;
  const address = stage + variant.offset + first.offset;
  return awaiting(code, { info, type: future, address }, found);
}

function taskType(poll: ProgramFunction): Promise<TaskType | undefined> {
  let type = types.get(poll);
  if (!type) {
    type = readType(poll);
    types.set(poll, type);
  }
  return type;
}

async function readType(poll: ProgramFunction): Promise<TaskType | undefined> {
  const cell = await cellOf(poll);
  const { info } = poll;
  if (!cell || !info) return undefined;
  const header = await memberNamed(cell, 'header');
  const headerType = header && (await typeOf(info, header.entry));
  const table = headerType && (await memberNamed(headerType, 'vtable'));
  const stage = await stageWithin({ info, type: cell, address: 0 }, 0, new Looks(MOST_ENTRIES));
  return header && table && stage
    ? { table: header.offset + table.offset, stage: stage.address, future: stage.type }
    : undefined;
}

/** The task's own type: what the `Harness` that the function makes is around. */
async function cellOf({ info, entry }: ProgramFunction): Promise<Entry | undefined> {
  let looked = 0;
  for (const child of info && entry ? entry.descendants() : []) {
    if (!info || ++looked > MOST_ENTRIES) return undefined;
    if (child.tag !== Tag.variable && child.tag !== Tag.formalParameter) continue;
    const type = await typeOf(info, child);
    const harness = (await pointedTo(info, type)) ?? type;
    if (!isStructure(harness) || !/^Harness</.test((await harness.name()) ?? '')) continue;
    const member = await memberNamed(harness, 'cell');
    const cell = member && (await targetOf(info, await typeOf(info, member.entry)));
    if (cell) return cell;
  }
  return undefined;
}

/** What a NonNull points to. */
async function targetOf(info: NonNullable<ProgramFunction['info']>, type: Entry | undefined) {
  let at = type;
  for (let depth = 0; at && depth < DEEPEST; depth++) {
    const target = await pointedTo(info, at);
    if (target) return isStructure(target) ? target : undefined;
    const [first] = isStructure(at) ? await allMembers(at) : [];
    at = first && (await typeOf(info, first.entry));
  }
  return undefined;
}

/** The `Stage` of a task, as far from its beginning as its address says. */
async function stageWithin(
  { info, type, address }: Standing,
  depth: number,
  looks: Looks,
): Promise<Standing | undefined> {
  if (/^Stage</.test((await type.name()) ?? '')) return { info, type, address };
  if (depth === DEEPEST) return undefined;
  for (const { name, offset, entry } of await allMembers(type)) {
    if (looks.spent()) return undefined;
    if (name === 'header' || name === 'trailer' || name === 'scheduler') continue;
    const inner = await typeOf(info, entry);
    const found =
      isStructure(inner) &&
      (await stageWithin({ info, type: inner, address: address + offset }, depth + 1, looks));
    if (found) return found;
  }
  return undefined;
}

async function allMembers(structure: Entry): Promise<Member[]> {
  const members: Member[] = [];
  for await (const member of membersOf(structure)) members.push(member);
  return members;
}
