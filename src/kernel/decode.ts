import type { Operand, Request } from '../model/request';
import { openFlagNames } from '../procfs/openFlags';
import { askedEvents } from '../ring/operands/pollEvents';
import { directoryText } from '../ring/operands/words';
import { sqeFlagNames } from '../ring/sqe';
import type { PathsOf } from './files';
import type { FoundRequest } from './gather';
import type { KernelLayout, Place } from './layout';
import type { Structure } from './structure';
import type { Timer } from './timers';

/** A request as the kernel has it. `flags` are the kernel's, which may have ASYNC where the program did not ask for it. */
export interface WalkedRequest extends Omit<Request, 'ring' | 'after'> {
  /** Names the request within one walk, where another one waits behind it; not to be shown. */
  readonly key?: string;
  /** Key of the one it waits behind; that may not be among the rows. */
  readonly afterKey?: string;
  /** Nanoseconds of its worker's se.exec_start. */
  readonly workerLastRan?: number;
}

/** What the tables of the process say of a request. */
export interface Surroundings {
  readonly layout: KernelLayout;
  readonly arch: string;
  readonly certain: boolean;
  /** Another request waits behind it. */
  readonly heads: boolean;
  readonly timer: Timer | undefined;
  /** Of what names its file by a path. */
  readonly paths: PathsOf | undefined;
  readonly submitter: number | undefined;
  /** The descriptor its file has in the process asked for, or its place among the registered files. */
  readonly file: { readonly fd?: number; readonly fixedFile?: number };
}

const FIXED_FILE = 1;

export function isFixedFile(layout: KernelLayout, request: Structure): boolean {
  return (request.number(layout.needed.requestFlags) & FIXED_FILE) !== 0;
}

export function operationOf(layout: KernelLayout, request: Structure): string {
  const opcode = request.number(layout.needed.requestOpcode);
  return layout.opcodes[opcode] || `OP_${opcode}`;
}

/** The numbers of the operations whose names fit. */
export function opcodesNamed({ opcodes }: KernelLayout, names: RegExp): ReadonlySet<number> {
  return new Set(opcodes.flatMap((name, opcode) => (names.test(name) ? [opcode] : [])));
}

export function keyOf(address: bigint): string {
  return address.toString(16);
}

/** A row while it is put together: field by field, for there may be tens of thousands. */
type Building = { -readonly [Field in keyof WalkedRequest]: WalkedRequest[Field] };

const SOURCES = ['kernel walk'] as const;

export function rowFrom(found: FoundRequest, around: Surroundings): WalkedRequest {
  const { layout, timer, file, paths, submitter } = around;
  const { request, state, stage, worker, lastRan, after } = found;
  const flags = request.number(layout.needed.requestFlags);
  const row: Building = {
    operation: found.operation ?? operationOf(layout, request),
    userData: request.hex(layout.needed.requestUserData),
    flags: sqeFlagNames(flags % 128),
    state,
    certainty: around.certain && !found.uncertain ? 'certain' : 'inferred',
    sources: SOURCES,
  };
  if (file.fd !== undefined) row.fd = file.fd;
  if (file.fixedFile !== undefined) row.fixedFile = file.fixedFile;
  if (paths?.path !== undefined) row.path = paths.path;
  // 0: a task that the reader's PID namespace has not.
  if (submitter) row.submitter = submitter;
  if (stage !== undefined) row.stage = stage;
  if (worker) row.worker = worker;
  if (lastRan !== undefined) row.workerLastRan = Number(lastRan);
  if (around.heads) row.key = keyOf(request.address);
  if (after !== undefined) row.afterKey = keyOf(after);
  if (timer) addTimer(row, timer);
  if (found.operation !== undefined) return row;
  const decoded = operandsOf(row.operation, request, around);
  const chosen = isSet(flags, BUFFER_SELECT);
  if (decoded.fd !== undefined) row.fd = decoded.fd;
  if (decoded.offset !== undefined) row.offset = decoded.offset;
  if (decoded.address !== undefined && !chosen) row.address = decoded.address;
  if (decoded.length !== undefined && !(chosen && row.operation === 'RECV')) row.length = decoded.length;
  if (decoded.operands !== undefined) row.operands = decoded.operands;
  return row;
}

function addTimer(row: Building, { timeout, timeLeft }: Timer): void {
  if (timeout !== undefined) row.timeout = timeout;
  if (timeLeft !== undefined) row.timeLeft = timeLeft;
  if (timeout !== undefined && timeLeft !== undefined) row.age = Math.max(0, timeout - timeLeft);
}

/** The kernel chooses the buffer: what it chose last is not what was asked for. */
const BUFFER_SELECT = 5;

/** Of more flags than a 32-bit number has. */
function isSet(flags: number, bit: number): boolean {
  return Math.floor(flags / 2 ** bit) % 2 === 1;
}

type Decoded = Pick<WalkedRequest, 'fd' | 'offset' | 'length' | 'address' | 'operands'>;

/** Reads and writes, and whether they name vectors. */
const READ_WRITE = new Map<string, boolean>(
  ['READ', 'WRITE'].flatMap((name): [string, boolean][] => [
    [name, false],
    [`${name}_FIXED`, false],
    [`${name}_MULTISHOT`, false],
    [`${name}V`, true],
    [`${name}V_FIXED`, true],
  ]),
);

/** By operation, what its part of the request says. Only what stands in the request itself, in kernel memory. */
function operandsOf(operation: string, request: Structure, { layout, arch, paths }: Surroundings): Decoded {
  const { optional, needed } = layout;
  const at = (place: Place | undefined): Place | undefined =>
    place && [needed.requestFile[0] + place[0], place[1]];
  const address = (place: Place | undefined): Decoded => {
    const text = request.hex(at(place));
    return text === '0x0' ? {} : { address: text };
  };
  const listed = (...operands: readonly (Operand | undefined)[]): Decoded => {
    const known = operands.filter((operand) => operand !== undefined);
    return known.length === 0 ? {} : { operands: known };
  };

  const vectors = READ_WRITE.get(operation);
  if (vectors !== undefined) {
    const offset = request.signed(at(optional.rwPosition));
    const length = request.number(at(optional.rwLength));
    return {
      ...(offset < 0 ? {} : { offset }),
      ...address(optional.rwAddress),
      ...(vectors ? listed({ name: 'vectors', value: String(length) }) : { length }),
    };
  }
  switch (operation) {
    case 'SEND':
    case 'SEND_ZC':
    case 'RECV':
      return { ...address(optional.messageBuffer), length: request.number(at(optional.messageLength)) };
    case 'SENDMSG':
    case 'SENDMSG_ZC':
    case 'RECVMSG':
      return address(optional.messageBuffer);
    case 'FSYNC':
    case 'SYNC_FILE_RANGE':
    case 'FALLOCATE':
      return {
        offset: request.signed(at(optional.syncOffset)),
        length: request.signed(at(optional.syncLength)),
      };
    case 'OPENAT':
    case 'OPENAT2': {
      const directory = request.signed(at(optional.openDirectory));
      const flags = openFlagNames(request.number(at(optional.openFlags)), arch);
      return {
        ...(directory < 0 ? {} : { fd: directory }),
        ...listed({ name: 'open flags', value: flags.join('|') }),
      };
    }
    case 'RENAMEAT':
    case 'LINKAT':
    case 'SYMLINKAT':
    case 'UNLINKAT':
    case 'MKDIRAT':
    case 'STATX':
      return listed(
        directoryOf('directory', paths?.directory),
        paths?.newPath === undefined ? undefined : { name: 'new path', value: paths.newPath },
        directoryOf('new directory', paths?.newDirectory),
      );
    case 'SPLICE':
    case 'TEE':
      return {
        length: request.number(at(optional.spliceLength)),
        ...listed(
          optional.spliceFrom && {
            name: 'from',
            value: splicedFrom(
              request.signed(at(optional.spliceFrom)),
              request.number(at(optional.spliceFlags)),
            ),
          },
        ),
      };
    case 'CLOSE':
      return { fd: request.signed(at(optional.closeFd)) };
    case 'EPOLL_CTL':
      return { fd: request.signed(at(optional.epollFd)) };
    case 'CONNECT':
      return address(optional.connectAddress);
    case 'ACCEPT':
      return address(optional.acceptAddress);
    case 'POLL_ADD':
      return listed({ name: 'poll events', value: askedEvents(request.number(at(optional.pollEvents))) });
    case 'TIMEOUT': {
      const count = request.number(at(optional.timeoutCount));
      return listed(count === 0 ? undefined : { name: 'or completions', value: String(count) });
    }
    case 'FUTEX_WAIT':
      return {
        ...address(optional.futexAddress),
        ...listed(
          optional.futexValue && { name: 'value', value: hex(request.pointer(at(optional.futexValue))) },
        ),
      };
    case 'FUTEX_WAITV':
      return {
        ...address(optional.futexAddress),
        ...listed({ name: 'futexes', value: String(request.number(at(optional.futexCount))) }),
      };
    case 'WAITID': {
      const kind = request.number(at(optional.waitidKind));
      const id = request.signed(at(optional.waitidId));
      const whom = WAIT_FOR[kind] ?? String(kind);
      return listed({ name: 'waits for', value: kind === 0 ? whom : `${whom} ${id}` });
    }
    case 'URING_CMD':
    case 'URING_CMD128':
      return listed({ name: 'command', value: hex(BigInt(request.number(at(optional.commandNumber)))) });
    default:
      return {};
  }
}

function directoryOf(name: string, fd: number | undefined): Operand | undefined {
  return fd === undefined ? undefined : { name, value: directoryText(fd) };
}

/** SPLICE_F_FD_IN_FIXED. */
const SPLICE_FIXED_IN = 0x80000000;

function splicedFrom(fd: number, flags: number): string {
  return flags & SPLICE_FIXED_IN ? `registered file ${fd}` : `fd ${fd}`;
}

/** idtype_t of waitid(2). */
const WAIT_FOR = ['P_ALL', 'P_PID', 'P_PGID', 'P_PIDFD'];

function hex(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`;
}
