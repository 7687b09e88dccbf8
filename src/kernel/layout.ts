import type { Btf, Member } from './btf';
import {
  NEEDED,
  type NeededPlace,
  ONE_OF,
  OPTIONAL,
  type OptionalPlace,
  PER_PROCESSOR,
  type PerProcessor,
  SIZES,
  type Structure,
} from './places';

/** Offset and size in bytes. */
export type Place = readonly [offset: number, size: number];

/** Where everything stands that a walk reads: plain numbers, the same for every process of one kernel. */
export interface KernelLayout {
  readonly version: number;
  readonly needed: Readonly<Record<NeededPlace, Place>>;
  readonly optional: Readonly<Partial<Record<OptionalPlace, Place>>>;
  /** Bytes of structures; 0 = the kernel has no such one. */
  readonly sizes: Readonly<Record<Structure, number>>;
  /** Where variables stand in the section of those that each processor has of its own. */
  readonly perProcessor: Readonly<Partial<Record<PerProcessor, number>>>;
  /** By number, without IORING_OP_. */
  readonly opcodes: readonly string[];
  /** Of io_wq_work.flags: the work waits for others of the same file. */
  readonly hashed: number;
  /** Members this kernel ought to have and has not, by the names that were tried. */
  readonly missing: readonly string[];
}

export type LayoutResult =
  | { readonly ok: true; readonly layout: KernelLayout }
  | { readonly ok: false; readonly missing: readonly string[] };

/** Raised when places.ts changes, so that no older layout is taken from a cache. */
export const LAYOUT_VERSION = 5;

const MOST_OPCODES = 256;
/** io-wq.h has had it since 5.5; for types that do not name it. */
const WORK_HASHED = 2;
const PER_PROCESSOR_SECTION = '.data..percpu';

export function layoutFrom(btf: Btf): LayoutResult {
  const absent: string[] = [];
  const needed: Partial<Record<NeededPlace, Place>> = {};
  for (const [name, wanted] of entries(NEEDED)) {
    const place = locate(btf, wanted);
    if (place === undefined) absent.push(shown(wanted));
    else needed[name] = place;
  }
  if (!isWhole(needed)) return { ok: false, missing: absent };

  const optional: Partial<Record<OptionalPlace, Place>> = {};
  const missing: string[] = [];
  for (const [name, text] of entries(OPTIONAL)) {
    const [wanted = '', structure] = text.split('?').map((part) => part.trim());
    const place = locate(btf, wanted);
    if (place !== undefined) optional[name] = place;
    else if (structure === undefined || (structure !== '' && btf.has(structure))) missing.push(shown(wanted));
  }
  for (const shapes of ONE_OF) {
    if (!shapes.some((name) => optional[name]))
      missing.push(shapes.map((name) => shown(OPTIONAL[name])).join(', '));
  }
  const sizes = Object.fromEntries(
    entries(SIZES).map(([name, structures]) => [name, sizeOf(btf, structures)]),
  ) as Record<Structure, number>;
  const perProcessor: Partial<Record<PerProcessor, number>> = {};
  for (const [name, variable] of entries(PER_PROCESSOR)) {
    const offset = btf.variable(PER_PROCESSOR_SECTION, variable);
    if (offset !== undefined) perProcessor[name] = offset;
  }
  return {
    ok: true,
    layout: {
      version: LAYOUT_VERSION,
      needed,
      optional,
      sizes,
      perProcessor,
      opcodes: opcodesOf(btf),
      hashed: hashedOf(btf),
      missing,
    },
  };
}

function entries<T extends object>(table: T): [keyof T, T[keyof T]][] {
  return Object.entries(table) as [keyof T, T[keyof T]][];
}

function isWhole(places: Partial<Record<NeededPlace, Place>>): places is Record<NeededPlace, Place> {
  return Object.keys(NEEDED).every((name) => name in places);
}

function shown(wanted: string): string {
  return wanted.replace(/\s*\?.*$/, '').replaceAll(' | ', ' or ');
}

/** The first alternative the kernel has. */
function locate(btf: Btf, wanted: string): Place | undefined {
  for (const alternative of wanted.split(' | ')) {
    const [, structure = '', path = '', type] = /^(\w+)\.([\w.]+)(?::(\w+))?$/.exec(alternative) ?? [];
    const member = btf.member(structure, path);
    if (member && fits(member, type)) return [member.offset, member.size];
  }
  return undefined;
}

function fits(member: Member, type: string | undefined): boolean {
  return member.bits === undefined && (type === undefined || member.of === type);
}

function sizeOf(btf: Btf, structures: readonly string[]): number {
  for (const structure of structures) {
    const size = btf.size(structure);
    if (size !== undefined) return size;
  }
  return 0;
}

function opcodesOf(btf: Btf): string[] {
  const names: string[] = [];
  for (const [value, name] of btf.enumeration('IORING_OP_NOP') ?? []) {
    if (value >= 0 && value < MOST_OPCODES && name !== 'IORING_OP_LAST')
      names[value] = name.replace(/^IORING_OP_/, '');
  }
  return Array.from(names, (name) => name ?? '');
}

function hashedOf(btf: Btf): number {
  for (const [value, name] of btf.enumeration('IO_WQ_WORK_HASHED') ?? []) {
    if (name === 'IO_WQ_WORK_HASHED') return value;
  }
  return WORK_HASHED;
}

export function layoutToJson(layout: KernelLayout): string {
  return JSON.stringify(layout);
}

/** Undefined for what is no layout of this version: it is made anew then. */
export function layoutFromJson(text: string): KernelLayout | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isLayout(value) ? value : undefined;
}

function isLayout(value: unknown): value is KernelLayout {
  if (!isRecord(value) || value['version'] !== LAYOUT_VERSION) return false;
  const { needed, optional, sizes, perProcessor, opcodes, hashed, missing } = value;
  return (
    isRecord(needed) &&
    Object.keys(NEEDED).every((name) => isPlace(needed[name])) &&
    isRecord(optional) &&
    Object.entries(optional).every(([name, place]) => name in OPTIONAL && isPlace(place)) &&
    isRecord(sizes) &&
    Object.keys(SIZES).every((name) => isOffset(sizes[name])) &&
    isRecord(perProcessor) &&
    Object.entries(perProcessor).every(([name, place]) => name in PER_PROCESSOR && isOffset(place)) &&
    [opcodes, missing].every(isTexts) &&
    isOffset(hashed)
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPlace(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(isOffset);
}

/** No structure is longer than this. */
const FARTHEST = 1 << 20;

function isOffset(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < FARTHEST;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.length <= 1024 && value.every((text) => typeof text === 'string');
}
