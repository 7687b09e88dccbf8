import type { Operand, Request } from '../model/request';
import { opcodeName } from './opcodes';
import { CONTROL, generalOperands } from './operands/control';
import { FILES } from './operands/files';
import type { Operation, Pointer } from './operands/operation';
import { READ_WRITE } from './operands/readWrite';
import { SOCKETS } from './operands/sockets';
import { WAITS } from './operands/waits';
import { hex64 } from './operands/words';
import { type Sqe, sqeFlag, sqeFlagNames } from './sqe';

const OPERATIONS = new Map<string, Operation>(
  [READ_WRITE, FILES, SOCKETS, WAITS, CONTROL].flatMap((table) => Object.entries(table)),
);

export type SqeDescription = Pick<
  Request,
  'operation' | 'fd' | 'fixedFile' | 'offset' | 'length' | 'address' | 'userData' | 'flags' | 'operands'
>;

/** What an SQE asks for, from its own bytes. `arch` as `uname -m` says it. */
export function describeSqe(sqe: Sqe, arch = 'x86_64'): SqeDescription {
  const operation = opcodeName(sqe.opcode);
  const known = OPERATIONS.get(operation);
  const fields = known?.fields?.(sqe) ?? {};
  const operands = [...(known?.operands?.(sqe, arch) ?? []), ...generalOperands(sqe)];
  return {
    operation,
    ...fileOf(sqe, fields.fd === null),
    ...(fields.offset === undefined ? {} : { offset: Number(BigInt.asIntN(64, fields.offset)) }),
    ...(fields.length === undefined ? {} : { length: Number(fields.length) }),
    ...(fields.address === undefined ? {} : { address: hex64(fields.address) }),
    userData: hex64(sqe.userData),
    flags: sqeFlagNames(sqe.flags),
    ...(operands.length === 0 ? {} : { operands: distinct(operands) }),
  };
}

/** PROVIDE_BUFFERS and its like name their group themselves, too. */
function distinct(operands: readonly Operand[]): Operand[] {
  return operands.filter(
    ({ name, value }, index) =>
      operands.findIndex((other) => other.name === name && other.value === value) === index,
  );
}

function fileOf(sqe: Sqe, none: boolean): { fd?: number | null; fixedFile?: number } {
  if (none) return { fd: null };
  return sqe.flags & sqeFlag.fixedFile ? { fd: null, fixedFile: sqe.fd } : { fd: sqe.fd };
}

/** Where in the target's memory more of it stands: paths, addresses, times, vectors. */
export function pointersOf(sqe: Sqe, arch = 'x86_64'): readonly Pointer[] {
  return (OPERATIONS.get(opcodeName(sqe.opcode))?.pointers?.(sqe, arch) ?? []).filter(
    ({ address, length }) => address !== 0n && length > 0,
  );
}
