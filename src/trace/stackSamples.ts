/** Where one request was submitted: the thread's registers and a piece of its stack, copied by the kernel at that moment. */
export interface StackSample {
  readonly pid: number;
  readonly tid: number;
  /** Nanoseconds after the origin of the trace. */
  readonly time: number;
  /** The event's record, as tracefs would give it. */
  readonly record: Buffer;
  readonly pc: bigint;
  readonly sp: bigint;
  /** By DWARF number. */
  readonly registers: readonly (bigint | undefined)[];
  /** From `sp` up. */
  readonly stack: Buffer;
}

const SAMPLE = 9;
const LOST = 2;
const HEAD = 8;

/** For each register in the order that the probe asks for them (stacks.h): its DWARF number; the program counter is 'pc'. */
const ORDER: ReadonlyMap<string, readonly (number | 'pc')[]> = new Map([
  // AX BX CX DX SI DI BP SP IP R8…R15.
  ['x86_64', [0, 3, 2, 1, 4, 5, 6, 7, 'pc', 8, 9, 10, 11, 12, 13, 14, 15]],
  ['aarch64', [...Array.from({ length: 32 }, (_, number) => number), 'pc']],
]);
const STACK_POINTER: ReadonlyMap<string, number> = new Map([
  ['x86_64', 7],
  ['aarch64', 31],
]);

/**
 * The samples of records of perf (include/uapi/linux/perf_event.h: TID, TIME, RAW, REGS_USER, STACK_USER) and how many the kernel lost.
 * Samples without user registers, those of SQPOLL threads, are left out. They refer to `data`. Never throws.
 */
export function readStackSamples(
  data: Buffer,
  arch: string,
  origin: bigint,
): { readonly samples: readonly StackSample[]; readonly lost: number } {
  const samples: StackSample[] = [];
  let lost = 0;
  for (let at = 0; at + HEAD <= data.length; ) {
    const type = data.readUInt32LE(at);
    const size = data.readUInt16LE(at + 6);
    if (size < HEAD || at + size > data.length) break;
    const record = data.subarray(at + HEAD, at + size);
    if (type === SAMPLE) {
      const sample = sampleOf(record, arch, origin);
      if (sample) samples.push(sample);
    } else if (type === LOST && record.length >= 16) lost += Number(record.readBigUInt64LE(8));
    at += size;
  }
  return { samples, lost };
}

function sampleOf(record: Buffer, arch: string, origin: bigint): StackSample | undefined {
  const order = ORDER.get(arch);
  if (!order || record.length < 28) return undefined;
  const rawSize = record.readUInt32LE(16);
  let at = 20 + rawSize;
  if (at + 8 + 8 * order.length > record.length || record.readBigUInt64LE(at) === 0n) return undefined;
  const raw = record.subarray(20, at);
  at += 8;
  const registers: (bigint | undefined)[] = [];
  let pc = 0n;
  for (const number of order) {
    const value = record.readBigUInt64LE(at);
    if (number === 'pc') pc = value;
    else registers[number] = value;
    at += 8;
  }
  return {
    pid: record.readUInt32LE(0),
    tid: record.readUInt32LE(4),
    time: Number(record.readBigUInt64LE(8) - origin),
    record: raw,
    pc,
    sp: registers[STACK_POINTER.get(arch) ?? 0] ?? 0n,
    registers,
    stack: stackOf(record, at),
  };
}

/** u64 size, bytes, and where there are any u64 how many of them the kernel could copy. */
function stackOf(record: Buffer, at: number): Buffer {
  if (at + 8 > record.length) return Buffer.alloc(0);
  const size = Number(record.readBigUInt64LE(at));
  const end = at + 8 + size;
  if (size === 0 || end + 8 > record.length) return Buffer.alloc(0);
  const copied = Math.min(size, Number(record.readBigUInt64LE(end)));
  return record.subarray(at + 8, at + 8 + copied);
}
