/** An SQE the kernel has not taken. 5.16–6.0 print neither offset, address, flags of the operation nor buffer. */
export interface FdinfoSqe {
  /** Index into the SQE array. */
  readonly index: number;
  /** As printed: the kernel's name, or (5.16–6.0) the number; `printedOpcode` of ring/opcodes.ts reads both. */
  readonly opcode: string;
  readonly fd: number;
  /** IOSQE_ bits. */
  readonly flags: number;
  readonly offset?: bigint;
  readonly address?: string;
  readonly rwFlags?: number;
  readonly bufIndex?: number;
  readonly userData: bigint;
}

export interface FdinfoCqe {
  readonly index: number;
  readonly userData: bigint;
  readonly result: number;
  /** IORING_CQE_F_ bits. */
  readonly flags: number;
  /** The second half of a CQE32. */
  readonly extra?: readonly [bigint, bigint];
}

export interface FdinfoPoll {
  readonly opcode: number;
  /** Its task has work to run: the wait may be over already. */
  readonly taskWork: boolean;
}

export interface FdinfoOverflow {
  readonly userData: bigint;
  readonly result: number;
  readonly flags: number;
}

/** 6.1+; SQE128 rings append `, e0:0x… … e7:0x…`. */
const SQE =
  /^ {0,4}(\d{1,10}): opcode:([A-Z0-9_]{1,40}), fd:(-?\d{1,10}), flags:([0-9a-f]{1,8}), off:(\d{1,20}), addr:(0x[0-9a-f]{1,16}), rw_flags:0x([0-9a-f]{1,8}), buf_index:(-?\d{1,10}) user_data:(\d{1,20})(?:, e[0-7]:0x[0-9a-f]{1,16}){0,8}$/;
/** 5.16–6.0. */
const SHORT_SQE =
  /^ {0,4}(\d{1,10}): opcode:(\d{1,3}), fd:(-?\d{1,10}), flags:([0-9a-f]{1,8}), user_data:(\d{1,20})$/;
/** `flag:` to 6.18, `flags:` later. */
const CQE =
  /^ {0,4}(\d{1,10}): user_data:(\d{1,20}), res:(-?\d{1,10}), flags?:([0-9a-f]{1,8})(?:, extra1:(\d{1,20}), extra2:(\d{1,20}))?$/;
const POLL = /^ {2}op=(\d{1,3}), task_works=([01])$/;
const OVERFLOW = /^ {2}user_data=(\d{1,20}), res=(-?\d{1,10}), flags=([0-9a-f]{1,8})$/;

export function readSqe(line: string): FdinfoSqe | undefined {
  const long = SQE.exec(line);
  if (long !== null) {
    const [, index, opcode = '', fd, flags, offset, address = '', rwFlags, bufIndex, userData] = long;
    return {
      index: Number(index),
      opcode,
      fd: Number(fd),
      flags: fromHex(flags),
      offset: BigInt(offset ?? 0),
      address,
      rwFlags: fromHex(rwFlags),
      bufIndex: Number(bufIndex),
      userData: BigInt(userData ?? 0),
    };
  }
  const short = SHORT_SQE.exec(line);
  if (short === null) {
    return undefined;
  }
  const [, index, opcode = '', fd, flags, userData] = short;
  return {
    index: Number(index),
    opcode,
    fd: Number(fd),
    flags: fromHex(flags),
    userData: BigInt(userData ?? 0),
  };
}

export function readCqe(line: string): FdinfoCqe | undefined {
  const match = CQE.exec(line);
  if (match === null) {
    return undefined;
  }
  const [, index, userData, result, flags, first, second] = match;
  return {
    index: Number(index),
    userData: BigInt(userData ?? 0),
    result: Number(result),
    flags: fromHex(flags),
    ...(first === undefined || second === undefined ? {} : { extra: [BigInt(first), BigInt(second)] }),
  };
}

export function readPoll(line: string): FdinfoPoll | undefined {
  const match = POLL.exec(line);
  return match === null ? undefined : { opcode: Number(match[1]), taskWork: match[2] === '1' };
}

export function readOverflow(line: string): FdinfoOverflow | undefined {
  const match = OVERFLOW.exec(line);
  return match === null
    ? undefined
    : { userData: BigInt(match[1] ?? 0), result: Number(match[2]), flags: fromHex(match[3]) };
}

function fromHex(digits: string | undefined): number {
  return Number.parseInt(digits ?? '', 16);
}
