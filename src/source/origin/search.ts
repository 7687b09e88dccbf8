import type { Origin } from '../../model/request';
import { isNeighbours, structureOf } from './callbackTypes';
import { lambdaOf, programCode } from './calls';
import { COMPLETES, classOf } from './classes';
import { type Code, isOwn, type ProgramFunction } from './code';
import { asyncBacktrace, coroutineAt, coroutineFrom } from './coroutines';
import { type Extent, extentOf } from './extent';
import { wordIn } from './processMemory';
import { isSystemImage } from './programFiles';
import { polledFrom, taskAwaiting } from './rustTasks';
import { traitBehind } from './rustTraits';
import type { Candidate } from './userData';

/** A guess at whose a request is. */
interface Guess {
  readonly origins: readonly Origin[];
  readonly weight: number;
}

/** A pointer in an object: where the object and where it was found. */
interface Pointer {
  readonly path: string;
  readonly found: string;
  readonly penalty: number;
  readonly depth: number;
}

/** Where an object is, and how it was got to. */
interface Place {
  readonly address: number;
  readonly path: string;
}

/** Pointers from object to object. */
const DEEPEST = 2;
/** Objects looked into for one user_data, and pointers followed out of each. */
const MOST_OBJECTS = 24;
const MOST_FOLLOWED = 12;

/** How much a guess is worth; each word further into an object, and each pointer to another one, takes from it. */
const WEIGHT = {
  coroutine: 20,
  future: 18,
  class: 14,
  callback: 12,
  unnamed: 8,
  nameless: 7,
  library: 6,
} as const;
const WORD_COSTS = 0.2;
const POINTER_COSTS = 5;
/** A guess worth less is none: what other objects of the program have is not the request's. */
const LEAST = 5;

/** Looks for the code that one user_data leads to. */
export class Search {
  private readonly seen = new Set<number>();
  private best: Guess | undefined;

  constructor(private readonly code: Code) {}

  /** Nearest first; none where nothing is recognised. */
  async of(candidates: readonly Candidate[]): Promise<readonly Origin[]> {
    for (const { address, words, to } of candidates) {
      if (this.code.memory.isCode(address)) {
        if (to !== 'object') await this.bare(address, words);
      } else if (to !== 'code') await this.objects({ address, path: words });
      if (this.best) break;
    }
    return this.best?.origins ?? [];
  }

  /** user_data is the address of a function itself. */
  private async bare(address: number, found: string): Promise<void> {
    const called = await this.code.startingAt(address);
    if (!called) return;
    const { name, place } = (await programCode(this.code, called)) ?? called;
    this.take([{ kind: 'code', function: name, ...place, found }], WEIGHT.callback);
  }

  /** An object, then those it points to, then those they point to: the nearest is the likeliest. */
  private async objects(first: Place): Promise<void> {
    let level: readonly Place[] = [first];
    for (let depth = 0; depth <= DEEPEST && level.length > 0; depth++) {
      const next: Place[] = [];
      for (const { address, path } of level) {
        const pointers = await this.object(address, path, depth);
        if (depth < DEEPEST) next.push(...(await this.followed(pointers, depth)));
      }
      level = next;
    }
  }

  /** Pointers that do not lead to a coroutine. */
  private async followed(pointers: readonly Place[], depth: number): Promise<Place[]> {
    const objects: Place[] = [];
    for (const { address, path } of pointers.slice(0, MOST_FOLLOWED)) {
      const frame = await coroutineFrom(this.code, address);
      const weight = WEIGHT.coroutine - depth * POINTER_COSTS;
      if (!frame) objects.push({ address, path: `*(${path})` });
      else if (this.isBetter(weight)) this.take(await asyncBacktrace(this.code, frame, path), weight);
    }
    return objects;
  }

  /** Looks at each word of an object; answers its pointers to others. */
  private async object(address: number, path: string, depth: number): Promise<readonly Place[]> {
    const { memory } = this.code;
    const region = memory.region(address);
    if (!region || region.executable || isNoObjects(region.file)) return [];
    if (this.seen.has(address) || this.seen.size >= MOST_OBJECTS || memory.isSpent) return [];
    this.seen.add(address);
    const extent = await extentOf(memory, address);
    await this.coroutine(address, extent, path, depth);
    const data = extent.end > address ? await memory.bytes(address, extent.end - address) : undefined;
    const pointers: Place[] = [];
    for (
      let at = address % 8 === 0 ? 0 : 8 - (address % 8);
      data !== undefined && at + 8 <= data.length;
      at += 8
    ) {
      const word = wordIn(data, at);
      if (!word || !memory.region(word)) continue;
      const penalty = (at / 8) * WORD_COSTS + depth * POINTER_COSTS;
      const found = at === 0 ? path : `${path} + ${at}`;
      if (memory.isCode(word)) await this.callback(word, at, { path, found, penalty, depth });
      else if (await memory.image(word)) {
        await this.table(word, data, at, found, penalty);
        await this.task(word, address + at, path, penalty);
      } else if (word % 8 === 0) pointers.push({ address: word, path: found });
    }
    return pointers;
  }

  /** The object lies in the frame of a coroutine, as an awaiter does, or is one. */
  private async coroutine(address: number, { start }: Extent, path: string, depth: number): Promise<void> {
    for (const place of new Set([address, address - 16, start])) {
      const frame = await coroutineAt(this.code, place);
      if (!frame) continue;
      this.take(await asyncBacktrace(this.code, frame, path), WEIGHT.coroutine + 1 - depth * POINTER_COSTS);
      return;
    }
  }

  private async callback(word: number, at: number, { path, found, penalty, depth }: Pointer): Promise<void> {
    const called = await this.code.startingAt(word);
    if (!called && depth === 0) await this.nameless(word, found, penalty);
    if (!called || !mayBeCallback(called)) return;
    const own = isOwn(called);
    const inner = own ? await lambdaOf(this.code, called) : await programCode(this.code, called);
    // What libraries keep for themselves says nothing of the program.
    if (!own && !inner && !mayBeNamed(called)) return;
    const kind = own || inner ? 'callback' : called.info ? 'library' : 'unnamed';
    const weight = WEIGHT[kind] + (COMPLETES.test(called.name) ? 1 : 0) - penalty;
    if (!this.isBetter(weight) || (await isNeighbours(called, at))) return;
    const structure = depth === 0 ? await structureOf(called, at) : undefined;
    const origins: Origin[] = [];
    if (structure)
      origins.push({ kind: 'object', function: structure.name, ...structure.place, found: path });
    for (const one of own ? [called, inner] : [inner ?? called])
      if (one) origins.push({ kind: 'callback', function: one.name, ...one.place, found });
    this.take(origins, weight);
  }

  private async nameless(word: number, found: string, penalty: number): Promise<void> {
    const weight = WEIGHT.nameless - penalty;
    const name = this.isBetter(weight) ? await this.code.nameless(word) : undefined;
    if (name !== undefined) this.take([{ kind: 'callback', function: name, found }], weight);
  }

  /** A pointer into a binary's data: to the virtual functions of a class, or of one of Rust's traits. */
  private async table(word: number, data: Buffer, at: number, found: string, penalty: number): Promise<void> {
    if (this.best && this.best.weight >= WEIGHT.future - penalty) return;
    const type = await classOf(this.code, word, found);
    if (type) {
      const image = await this.code.memory.image(word);
      if (!type.isProgram && image && isSystemImage(image.path)) return;
      this.take(type.origins, (type.isProgram ? WEIGHT.class : WEIGHT.library) - penalty);
      return;
    }
    const behind = await traitBehind(this.code, word, wordIn(data, at - 8), found);
    if (behind) this.take(behind.origins, WEIGHT[behind.kind] - penalty);
  }

  /** A pointer to the table of a Rust task, as a waker leads to one. */
  private async task(word: number, place: number, path: string, penalty: number): Promise<void> {
    const weight = WEIGHT.future - penalty;
    const poll = this.isBetter(weight) ? await polledFrom(this.code, word) : undefined;
    const awaited = poll && (await taskAwaiting(this.code, poll, place, path));
    if (awaited) this.take(awaited.origins, weight);
  }

  private isBetter(weight: number): boolean {
    return weight >= LEAST && weight > (this.best?.weight ?? 0);
  }

  private take(origins: readonly Origin[], weight: number): void {
    if (origins.length > 0 && this.isBetter(weight)) this.best = { origins, weight };
  }
}

/** Neither copies and destroys what a std::function holds, nor frees, nor ends. */
function mayBeCallback({ symbol = '', name }: ProgramFunction): boolean {
  return !/_M_manager|^_start$|^main$|^_init$|^_fini$|^_ZTh|^__cxa_|D[012]Ev$/.test(symbol || name);
}

/** Nothing tells who wrote it, and it is not of a library of the system's: of one that is linked in there is no debug information where there is some of the program's. */
function mayBeNamed({ image, info, hasDebugInfo }: ProgramFunction): boolean {
  return !isSystemImage(image.path) && (info !== undefined || !hasDebugInfo);
}

/** Rings, devices, and what the kernel has mapped. */
function isNoObjects(file: string): boolean {
  return /anon_inode:|\/dev\/(?!shm\/|zero)|\[v/.test(file);
}
