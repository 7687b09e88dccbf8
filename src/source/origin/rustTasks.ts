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
/** async-task 4, as compio and smol run theirs: src/raw.rs. */
const RUNS = /^async_task::raw::.*::run(?:<|$)/;
/** tokio since 1.0, and monoio since 0.0.1, whose tasks are made after it: runtime/task/raw.rs. */
const POLLS = /^(?:tokio::runtime|monoio)::task::raw::poll(?:<|$)/;
/** Entries of one function that are looked at, structures within structures, futures around futures. */
const MOST_ENTRIES = 2000;
const DEEPEST = 6;
/** Bytes from a task's beginning to its future. */
const FARTHEST = 1 << 16;

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
    if (method && (POLLS.test(method.name) || RUNS.test(method.name))) return method;
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
  if (RUNS.test(poll.name)) return runnableAwaiting(code, poll, place, found);
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

/** Of async-task's: its table leads to where the future is in the task. */
async function runnableAwaiting(
  code: Code,
  run: ProgramFunction,
  place: number,
  found: string,
): Promise<Awaiting | undefined> {
  const { info } = run;
  const raw = await localOf(run, /^RawTask</);
  const header = raw && (await memberTarget(run, raw, 'header'));
  const future = raw && (await memberTarget(run, raw, 'future'));
  const vtable = header && (await memberNamed(header, 'vtable'));
  const tableType = header && (await memberTarget(run, header, 'vtable'));
  const layout = tableType && (await memberNamed(tableType, 'layout_info'));
  if (!info || !future || !vtable || !layout) return undefined;
  const table = await code.memory.word(place);
  const at = table && (await code.memory.word(table + layout.offset));
  let type = await memberTarget(run, tableType, 'layout_info');
  if (!type || !at) return undefined;
  let address = at;
  const part = [...type.children()].find(({ tag }) => tag === Tag.variantPart);
  if (part) {
    const some = await variantOf(code, info, part, address);
    const [inner] = some ? await allMembers((await typeOf(info, some.entry)) ?? some.entry) : [];
    if (!some || !inner) return undefined;
    address += some.offset + inner.offset;
    type = await typeOf(info, inner.entry);
  }
  const offset = type && (await memberNamed(type, 'offset_f'));
  const distance = offset && (await code.memory.word(address + offset.offset));
  if (!distance || distance > FARTHEST) return undefined;
  return awaiting(code, { info, type: future, address: place - vtable.offset + distance }, found);
}

async function memberTarget(
  { info }: ProgramFunction,
  structure: Entry,
  name: string,
): Promise<Entry | undefined> {
  const member = await memberNamed(structure, name);
  return info && member && targetOf(info, await typeOf(info, member.entry));
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
async function cellOf(poll: ProgramFunction): Promise<Entry | undefined> {
  const harness = await localOf(poll, /^Harness</);
  return harness && memberTarget(poll, harness, 'cell');
}

/** The type of a variable or parameter, or what it points to, in a function or what is inlined into it. */
async function localOf({ info, entry }: ProgramFunction, name: RegExp): Promise<Entry | undefined> {
  let looked = 0;
  for (const child of info && entry ? entry.descendants() : []) {
    if (!info || ++looked > MOST_ENTRIES) return undefined;
    if (child.tag !== Tag.variable && child.tag !== Tag.formalParameter) continue;
    const type = await typeOf(info, child);
    const structure = (await pointedTo(info, type)) ?? type;
    if (isStructure(structure) && name.test((await structure.name()) ?? '')) return structure;
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
