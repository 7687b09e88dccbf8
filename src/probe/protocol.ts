/** Types of what the probe answers; the wire format is in this room too. */

/** Outcome of one item: bytes, or a symbolic errno such as `ENOENT`; ETIMEDOUT = abandoned at its deadline. */
export type ReadResult =
  | { readonly ok: true; readonly data: Buffer /** The limit cut it. */; readonly truncated: boolean }
  | Failure;

export interface Failure {
  readonly ok: false;
  /** `EACCES`, `ENOENT`, `ESRCH`, `EIO`, `ETIMEDOUT`, `EPERM`, … */
  readonly errno: string;
}

export interface ListEntry {
  readonly name: string;
  /** Text of the symbolic link, when asked for and readable. */
  readonly link?: string;
}

export type ListResult =
  | { readonly ok: true; readonly entries: readonly ListEntry[]; readonly truncated: boolean }
  | Failure;

export type LinkResult = { readonly ok: true; readonly target: string } | Failure;

export interface MemoryRange {
  readonly address: bigint;
  /** Bytes. */
  readonly length: number;
}

export type MemoryResult =
  | { readonly ok: true; readonly data: Buffer; readonly truncated: boolean }
  | Failure;
