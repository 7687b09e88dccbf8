import type { RingGeometry } from '../../../src/ring/geometry';
import { inferGeometry } from '../../../src/ring/geometry';
import { type RingHeader, readHeader } from '../../../src/ring/header';
import type { RingImage } from '../../../src/ring/image';

/** How a program and the kernel use a ring. */
export interface Habits {
  readonly sqEntries: number;
  readonly cqEntries: number;
  readonly sqeSize: 64 | 128;
  readonly cqeSize: 16 | 32;
  readonly layout: 'compact' | 'spread';
  /** none: NO_SQARRAY; shuffled: slots in another order; few: half of the slots, again and again. */
  readonly array: 'identity' | 'none' | 'shuffled' | 'few';
  /** Both counters begin here. */
  readonly start: number;
  /** unique: never twice; reuse: again once reaped; zero: always 0; few: one of three, whoever bears it. */
  readonly userData: 'unique' | 'reuse' | 'zero' | 'few';
  readonly mostInFlight: number;
  /** The CQE's res is 0, so that one of user_data 0 is all zeros. */
  readonly blankResults: boolean;
  readonly multishot: boolean;
  readonly skipSuccess: boolean;
}

export const USUAL: Habits = {
  sqEntries: 8,
  cqEntries: 16,
  sqeSize: 64,
  cqeSize: 16,
  layout: 'compact',
  array: 'identity',
  start: 0,
  userData: 'unique',
  mostInFlight: 8,
  blankResults: false,
  multishot: false,
  skipSuccess: false,
};

export interface Truth {
  /** What the program asked for: it stands in the SQE's `len`. */
  readonly id: number;
  readonly position: number;
  readonly userData: bigint;
  readonly multishot: boolean;
  readonly skip: boolean;
}

const READ = 22;
const SKIP_SUCCESS = 64;
const MORE = 2;

/** A ring in memory, with the truth about its requests. `next` draws the schedule: a number below its argument. */
export class SimulatedRing {
  readonly ring: Buffer;
  readonly sqes: Buffer;
  readonly inFlight: Truth[] = [];
  readonly overflowed: { userData: bigint; result: number }[] = [];
  private readonly cqesAt: number;
  private readonly arrayAt: number;
  private readonly head: Readonly<Record<'sqHead' | 'sqTail' | 'cqHead' | 'cqTail' | 'masks', number>>;
  private filled: number;
  private serial = 0;
  private readonly free: bigint[] = [];

  constructor(
    readonly habits: Habits,
    private readonly next: (below: number) => number,
  ) {
    const { sqEntries, cqEntries, cqeSize, sqeSize, layout, start } = habits;
    this.cqesAt = layout === 'compact' ? 64 : 320;
    this.head =
      layout === 'compact'
        ? { sqHead: 0, sqTail: 4, cqHead: 8, cqTail: 12, masks: 16 }
        : { sqHead: 0, sqTail: 64, cqHead: 128, cqTail: 192, masks: 256 };
    const cqes = (this.cqesAt + cqEntries * 16) * (cqeSize / 16);
    this.arrayAt = Math.ceil(cqes / 64) * 64;
    const array = habits.array === 'none' ? 0 : sqEntries * 4;
    this.ring = Buffer.alloc(pages(this.arrayAt + array));
    this.sqes = Buffer.alloc(pages(sqEntries * sqeSize));
    [sqEntries - 1, cqEntries - 1, sqEntries, cqEntries].forEach((value, index) => {
      this.ring.writeUInt32LE(value, this.head.masks + index * 4);
    });
    for (const counter of ['sqHead', 'sqTail', 'cqHead', 'cqTail'] as const) this.set(counter, start);
    this.filled = start;
    if (habits.array === 'identity') {
      for (let i = 0; i < sqEntries; i++) this.ring.writeUInt32LE(i, this.arrayAt + i * 4);
    }
    for (let i = 0n; i < 64n; i++) this.free.push(0x7f0000000000n + i * 256n);
  }

  /** Fills an SQE without publishing it; false when there is no room. */
  fill(): boolean {
    const { sqEntries, sqeSize, array, multishot, skipSuccess } = this.habits;
    if ((this.filled - this.get('sqHead')) >>> 0 >= sqEntries) return false;
    const userData = this.userData();
    if (userData === undefined) return false;
    const place = this.filled & (sqEntries - 1);
    const few = Math.max(1, sqEntries / 2);
    if (array === 'few' && this.unpublished() >= few) return false;
    const slot =
      array === 'few' ? this.filled % few : array === 'shuffled' ? (place * 5 + 3) & (sqEntries - 1) : place;
    if (array !== 'none') this.ring.writeUInt32LE(slot, this.arrayAt + place * 4);
    const at = slot * sqeSize;
    this.sqes.fill(0, at, at + 64);
    this.sqes[at] = READ;
    this.sqes[at + 1] = skipSuccess && this.next(3) === 0 ? SKIP_SUCCESS : 0;
    this.sqes.writeUInt16LE(multishot && this.next(3) === 0 ? 2 : 0, at + 2);
    this.sqes.writeInt32LE(5, at + 4);
    this.sqes.writeUInt32LE(this.serial++, at + 24);
    this.sqes.writeBigUInt64LE(userData, at + 32);
    this.filled = (this.filled + 1) >>> 0;
    return true;
  }

  /** Publishes what is filled, and the kernel takes it. */
  submit(): void {
    const { sqEntries, array, sqeSize } = this.habits;
    this.set('sqTail', this.filled);
    while (this.get('sqHead') !== this.filled) {
      const position = this.get('sqHead');
      const place = position & (sqEntries - 1);
      const slot = array === 'none' ? place : this.ring.readUInt32LE(this.arrayAt + place * 4);
      const at = slot * sqeSize;
      this.inFlight.push({
        id: this.sqes.readUInt32LE(at + 24),
        position,
        userData: this.sqes.readBigUInt64LE(at + 32),
        multishot: this.sqes.readUInt16LE(at + 2) !== 0,
        skip: this.sqes[at + 1] === SKIP_SUCCESS,
      });
      this.set('sqHead', (position + 1) >>> 0);
    }
  }

  /** Something completes, or a multishot request posts one of several. */
  complete(): void {
    if (this.inFlight.length === 0) return;
    const at = this.next(this.inFlight.length);
    const request = this.inFlight[at];
    if (!request) return;
    const more = request.multishot && this.next(2) === 0;
    if (!more) this.inFlight.splice(at, 1);
    if (!request.skip) this.post(request.userData, more ? MORE : 0);
  }

  reap(): void {
    while (this.get('cqHead') !== this.get('cqTail')) {
      const at = this.cqeAt(this.get('cqHead'));
      const ended = !(this.ring.readUInt32LE(at + 12) & MORE);
      if (ended && this.habits.userData === 'reuse') this.free.push(this.ring.readBigUInt64LE(at));
      this.set('cqHead', (this.get('cqHead') + 1) >>> 0);
    }
    const waiting = this.overflowed.splice(0);
    this.setFlag(false);
    for (const { userData, result } of waiting) this.post(userData, 0, result);
  }

  /** One thing that can happen. */
  step(): void {
    const what = this.next(6);
    if (what < 2 && this.inFlight.length + this.unpublished() < this.habits.mostInFlight) this.fill();
    else if (what === 2) this.submit();
    else if (what < 5) this.complete();
    else this.reap();
  }

  unpublished(): number {
    return (this.filled - this.get('sqTail')) >>> 0;
  }

  header(): RingHeader {
    const header = readHeader(this.ring);
    if (!header) throw new Error('the simulated header is wrong');
    return header;
  }

  get geometry(): RingGeometry {
    const { sqEntries, cqEntries, sqeSize, cqeSize, array } = this.habits;
    const arrayAt = array === 'none' ? {} : { arrayAt: this.arrayAt };
    return { sqEntries, cqEntries, sqeSize, cqeSize, cqesAt: this.cqesAt, ...arrayAt };
  }

  /** As its two mappings look now, sizes inferred. */
  image(): RingImage {
    const before = this.header();
    const ring = Buffer.from(this.ring);
    const sqes = Buffer.from(this.sqes);
    const geometry = inferGeometry(before, { ring, sqes, exact: true });
    if (typeof geometry === 'string') throw new Error(geometry);
    return { geometry, before, after: before, ring, sqes, exact: true };
  }

  private userData(): bigint | undefined {
    switch (this.habits.userData) {
      case 'unique':
        return 0x100000n + BigInt(this.serial);
      case 'zero':
        return 0n;
      case 'few':
        return BigInt(this.next(3));
      case 'reuse':
        return this.free.splice(this.next(this.free.length), 1)[0];
    }
  }

  private post(userData: bigint, flags: number, result?: number): void {
    const value = result ?? (this.habits.blankResults ? 0 : this.next(100));
    const used = (this.get('cqTail') - this.get('cqHead')) >>> 0;
    if (used >= this.habits.cqEntries || this.overflowed.length > 0) {
      // A multishot request posts again later.
      if (flags & MORE) return;
      this.overflowed.push({ userData, result: value });
      this.setFlag(true);
      return;
    }
    const at = this.cqeAt(this.get('cqTail'));
    this.ring.writeBigUInt64LE(userData, at);
    this.ring.writeInt32LE(value, at + 8);
    this.ring.writeUInt32LE(flags, at + 12);
    this.set('cqTail', (this.get('cqTail') + 1) >>> 0);
  }

  private cqeAt(position: number): number {
    return this.cqesAt + (position & (this.habits.cqEntries - 1)) * this.habits.cqeSize;
  }

  private get(counter: 'sqHead' | 'sqTail' | 'cqHead' | 'cqTail'): number {
    return this.ring.readUInt32LE(this.head[counter]);
  }

  private set(counter: 'sqHead' | 'sqTail' | 'cqHead' | 'cqTail', value: number): void {
    this.ring.writeUInt32LE(value >>> 0, this.head[counter]);
  }

  private setFlag(overflow: boolean): void {
    this.ring.writeUInt32LE(overflow ? 2 : 0, this.head.masks + 20);
  }
}

function pages(bytes: number): number {
  return Math.ceil(bytes / 4096) * 4096;
}

/** A repeatable source of numbers. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 12), 0x297a2d39);
    mixed ^= mixed >>> 15;
    return (mixed >>> 0) % below;
  };
}
