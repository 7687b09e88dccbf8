import type { Operand } from '../../model/request';
import type { Sqe } from '../sqe';

/** What an SQE says of itself in the fields that every request has. */
export interface SqeFields {
  /** Null: the operation acts on no descriptor. Absent: `fd` of the SQE is one. */
  readonly fd?: null;
  readonly offset?: bigint;
  readonly length?: number | bigint;
  readonly address?: bigint;
}

/** Bytes in the target's memory that say more of an SQE. The program may use them for something else once it is submitted. */
export interface Pointer {
  readonly address: bigint;
  /** Bytes; fewer may be had. */
  readonly length: number;
  /** What stands there. Never throws, whatever and however little stands there. */
  readonly read?: (bytes: Buffer) => readonly Operand[];
  /** Where that leads on. */
  readonly next?: (bytes: Buffer) => readonly Pointer[];
}

/** What the fields of an SQE mean to one opcode. */
export interface Operation {
  readonly fields?: (sqe: Sqe) => SqeFields;
  /** `arch` as `uname -m` says it: some O_ flags differ. */
  readonly operands?: (sqe: Sqe, arch: string) => readonly Operand[];
  readonly pointers?: (sqe: Sqe, arch: string) => readonly Pointer[];
}

export function operand(name: string, value: string | number | bigint): Operand {
  return { name, value: String(value) };
}

/** The operand, unless its value is zero: the SQE does not ask for it. */
export function unlessZero(name: string, value: number, text: string | number = value): Operand[] {
  return value === 0 ? [] : [operand(name, text)];
}

/** Where a new file goes: `file_index` of the operations that can install one among the registered files. */
export function installedFile({ fileIndex }: Sqe): Operand[] {
  if (fileIndex === 0) return [];
  return [
    operand(
      'installs',
      fileIndex === 0xffffffff ? 'any registered file' : `registered file ${fileIndex - 1}`,
    ),
  ];
}
