import type { KernelLayout } from '../../kernel/layout';
import { readUserRegisters, type SavedRegisters } from '../../kernel/userRegisters';
import type { ReadResult } from '../../probe/protocol';
import { parseMaps } from '../../procfs/maps';
import { parseSyscall } from '../../procfs/syscall';
import type { Target } from '../../target/target';
import { AddressSpace } from './addressSpace';
import { AnsweringMemory } from './answering';
import { DumpedStack } from './dumpedStack';
import type { FurtherFrames, Machine } from './frameTable';
import { type Image, Images, isSameRegion } from './images';
import { type Registers, stackPointerOf, type WalkedStack, walkStack } from './walkStack';

/** What a thread's stack is unwound from, of one moment. */
interface Moment {
  readonly tid: number;
  readonly pc: number;
  readonly sp: number;
  /** Compared afterwards: the same = it has not run meanwhile. */
  readonly mark: string;
}

export type ThreadStack =
  | (WalkedStack & { readonly tid: number })
  | {
      readonly tid: number;
      readonly frames?: undefined;
      /** Why there is none, for people: completes "its stack: …". */
      readonly why: string;
    };

export interface UnwindOptions {
  /** The text of /proc/PID/maps; it is read where this is absent. */
  readonly maps?: string;
  /** Where it is given, and the kernel's memory can be read, the registers of the threads are known from there. */
  readonly layout?: KernelLayout | undefined;
  /** Gives it up: `unwind` rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** The unwind tables that a binary's file has and its memory has not; undefined where it has none. Never rejects. */
  readonly further?: (image: Image) => Promise<FurtherFrames | undefined>;
}

/** A stack as it was when it was copied. */
export interface StackDump {
  readonly tid: number;
  readonly pc: bigint;
  readonly sp: bigint;
  /** By DWARF number. */
  readonly registers: SavedRegisters;
  /** From `sp` up. */
  readonly stack: Buffer;
}

/** What is walked: `key` tells them apart. */
interface Walked {
  readonly key: number;
  readonly pc: number;
  readonly registers: Registers;
  readonly space: AddressSpace;
}

/** Bytes of a stack that are read at first. */
const FIRST_STACK = 8192;
/** Rounds of "what is missing?": a binary that is new takes four. */
const MOST_ROUNDS = 64;
/** Milliseconds of walking, of all threads together: what others have made to take for ever ends then. */
const MOST_WALKING = 3000;
/** Milliseconds for one read of memory: what is there comes at once. */
const DEADLINE = 500;
/** Milliseconds that a process whose memory did not answer is left alone. */
const HUNG_FOR = 30_000;
/** What a register may hold and is no address of user space. */
const NO_ADDRESS = 2n ** 53n;
/** arm64's register that a call leaves its return address in. */
const LINK = 30;
const MACHINES: ReadonlyMap<string, Machine> = new Map([
  ['x86_64', 'x86_64'],
  ['aarch64', 'aarch64'],
]);

/**
 * Unwinds sleeping threads of one process without stopping it: program counter and stack pointer from
 * /proc/PID/task/TID/syscall, the rest from its memory. A thread that has run meanwhile is not told of. What has been
 * read of its binaries is kept for the next time.
 */
export class ProcessStacks {
  private readonly space = new AddressSpace();
  private readonly memory: AnsweringMemory;
  private images: Images | undefined;
  private mapped: string | undefined;
  /** When it last did not answer. */
  private hungAt: number | undefined;

  constructor(
    private readonly target: Target,
    private readonly pid: number,
  ) {
    this.memory = new AnsweringMemory(target, pid, DEADLINE);
  }

  async unwind(tids: readonly number[], options: UnwindOptions = {}): Promise<ThreadStack[]> {
    const machine = MACHINES.get(this.target.arch);
    if (!machine) return tids.map((tid) => ({ tid, why: `not known for ${this.target.arch}` }));
    if (this.hungAt !== undefined && Date.now() - this.hungAt < HUNG_FOR) return tids.map(hanging);
    this.space.hangs = false;
    this.hungAt = undefined;
    const paths = tids.flatMap((tid) => this.paths(tid));
    const [maps, first] = await Promise.all([
      options.maps ?? this.readMaps(),
      this.target.read(paths),
      this.memory.begin(),
    ]);
    if (maps === undefined) {
      this.hungAt = Date.now();
      return tids.map((tid) => ({ tid, why: 'the memory map cannot be read' }));
    }
    const images = this.opened(maps);
    const moments = tids.map((tid, index) => momentOf(tid, first[2 * index], first[2 * index + 1]));
    for (const moment of moments) if (typeof moment !== 'string') this.wantStack(images, moment);
    const sleeping = moments.filter((moment) => typeof moment !== 'string');
    const read = this.fetch(images);
    const { layout } = options;
    const known =
      layout &&
      readUserRegisters(
        this.target,
        layout,
        this.pid,
        sleeping.map(({ tid, sp, pc }) => ({ tid, sp: BigInt(sp), pc: BigInt(pc) })),
      );
    await read;
    const saved = (await known) ?? new Map<number, SavedRegisters>();
    const walked = sleeping.map((moment): Walked => {
      const registers = registersOf(machine, moment, saved.get(moment.tid));
      return { key: moment.tid, pc: moment.pc, registers, space: this.space };
    });
    const stacks = await this.walk(machine, images, walked, options);
    if (this.space.hangs) {
      this.hungAt = Date.now();
      return tids.map(hanging);
    }
    const again = options.signal?.aborted ? [] : await this.target.read(paths);
    this.space.retain((address) => images.region(address)?.constant === true);
    const { leftAlone } = this.memory;
    if (leftAlone.size > 0) {
      this.space.forgetUnreadable();
      images.openAnew(leftAlone);
    }
    options.signal?.throwIfAborted();
    return tids.map((tid, index) => {
      const moment = moments[index];
      if (moment === undefined || typeof moment === 'string') return { tid, why: moment ?? 'it is gone' };
      const now = momentOf(tid, again[2 * index], again[2 * index + 1]);
      const stack = stacks.get(tid);
      if (typeof now === 'string' || now.mark !== moment.mark || !stack) return { tid, why: 'it runs' };
      return { tid, ...stack, ...(leftAlone.size > 0 && !stack.complete ? { ending: UNANSWERED } : {}) };
    });
  }

  /** Stacks that were copied while the process ran; its binaries must still lie where they lay. In order. */
  async unwindDumps(dumps: readonly StackDump[], options: UnwindOptions = {}): Promise<ThreadStack[]> {
    const machine = MACHINES.get(this.target.arch);
    if (!machine) return dumps.map(({ tid }) => ({ tid, why: `not known for ${this.target.arch}` }));
    this.space.hangs = false;
    const [maps] = await Promise.all([options.maps ?? this.readMaps(), this.memory.begin()]);
    if (maps === undefined) return dumps.map(({ tid }) => ({ tid, why: 'the memory map cannot be read' }));
    const images = this.opened(maps);
    const walked = dumps.map(({ pc, sp, registers, stack }, key): Walked => {
      const from = Number(sp);
      const end = Math.max(images.region(from)?.end ?? 0, from + stack.length);
      const space = new DumpedStack(this.space, from, stack, end);
      return { key, pc: Number(pc), registers: registersOf(machine, { sp: from }, registers), space };
    });
    const stacks = await this.walk(machine, images, walked, options);
    this.space.retain((address) => images.region(address)?.constant === true);
    return dumps.map(({ tid }, key) => {
      const stack = stacks.get(key);
      return stack ? { tid, ...stack } : { tid, why: 'its memory does not answer' };
    });
  }

  private async walk(
    machine: Machine,
    images: Images,
    walked: readonly Walked[],
    { further, signal }: UnwindOptions,
  ): Promise<Map<number, WalkedStack>> {
    const stacks = new Map<number, WalkedStack>();
    let open = walked;
    let left = MOST_WALKING;
    for (
      let round = 0;
      round < MOST_ROUNDS && open.length > 0 && !this.space.hangs && !signal?.aborted;
      round++
    ) {
      const unfinished: Walked[] = [];
      const start = performance.now();
      for (const one of open) {
        const place = { machine, space: one.space, images, until: start + left };
        const stack = walkStack(place, one.pc, one.registers);
        if (stack.ending === undefined) unfinished.push(one);
        else stacks.set(one.key, stack);
      }
      open = unfinished;
      left -= performance.now() - start;
      const { wanting } = images;
      await Promise.all(wanting.map(async (image) => image.frames.giveFurther(await further?.(image))));
      if (!(await this.fetch(images)) && wanting.length === 0) break;
    }
    return stacks;
  }

  private fetch(images: Images): Promise<boolean> {
    return this.space.fetch(this.memory.reader(images));
  }

  private paths(tid: number): string[] {
    const folder = `/proc/${this.pid}/task/${tid}/`;
    return [`${folder}syscall`, `${folder}schedstat`];
  }

  private async readMaps(): Promise<string | undefined> {
    const [maps] = await this.target.read([`/proc/${this.pid}/maps`], {
      limit: 8 * 2 ** 20,
      deadline: DEADLINE,
    });
    return maps?.ok ? maps.data.toString('latin1') : undefined;
  }

  private opened(maps: string): Images {
    if (this.images && this.mapped === maps) return this.images;
    const images = new Images(parseMaps(maps).rows, this.space, this.images);
    const before = this.images;
    this.images = images;
    this.mapped = maps;
    // Another file may lie where one lay.
    this.space.retain((address) => isSameRegion(before?.region(address), images.region(address)));
    return images;
  }

  private wantStack(images: Images, { sp }: Moment): void {
    const end = images.region(sp)?.end ?? sp;
    if (end > sp) this.space.want(sp, Math.min(FIRST_STACK, end - sp));
  }
}

const UNANSWERED = 'what lies on a mount that may not answer is left alone';
const hanging = (tid: number): ThreadStack => ({ tid, why: 'its memory does not answer' });

/** What the unwinder knows of a thread that has entered the kernel with this stack pointer. */
export function registersOf(
  machine: Machine,
  { sp }: Pick<Moment, 'sp'>,
  known: SavedRegisters = [],
): Registers {
  const registers = known.map((saved, number) => {
    // It may be signed.
    const value = machine === 'aarch64' && number === LINK ? saved && saved % 2n ** 48n : saved;
    return value === undefined || value >= NO_ADDRESS ? undefined : Number(value);
  });
  registers[stackPointerOf(machine)] = sp;
  return registers;
}

function momentOf(
  tid: number,
  syscall: ReadResult | undefined,
  runs: ReadResult | undefined,
): Moment | string {
  if (!syscall?.ok)
    return syscall?.errno === 'EPERM' || syscall?.errno === 'EACCES' ? 'the right is missing' : 'it is gone';
  const text = syscall.data.toString('latin1');
  const state = parseSyscall(text);
  if (!state || state.kind === 'running') return 'it runs';
  const pc = Number(state.pc);
  const sp = Number(state.sp);
  if (pc === 0 || sp === 0) return 'it is a thread of the kernel';
  return { tid, pc, sp, mark: `${text}${runs?.ok ? runs.data.toString('latin1') : ''}` };
}
