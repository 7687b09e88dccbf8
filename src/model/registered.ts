import type { ResourceKind } from './resource';

/** Slots of a ring's registered files, and of its buffers, that are listed: those of the lowest indices. */
export const LISTED_SLOTS = 1024;

/** A slot in use among a ring's registered files. */
export interface RegisteredFile {
  readonly index: number;
  /** A descriptor of the process that is the same open file, from the kernel walk. */
  readonly fd?: number;
  /** True where the walk found that it has none: a direct descriptor, or its descriptor is closed. */
  readonly direct?: boolean;
  readonly kind?: ResourceKind;
  readonly path?: string;
  /** As the kernel names what it gives no whole path of: `socket:[42]`, or the last part of a path. */
  readonly name?: string;
}

/** A slot in use among a ring's registered buffers. */
export interface RegisteredBuffer {
  readonly index: number;
  /** Absent where the memory is not the process's. */
  readonly address?: string;
  /** Bytes. */
  readonly length: number;
  /** Pieces (bio_vec) of pinned memory it consists of, and the most bytes of one. */
  readonly pieces?: number;
  readonly pieceSize?: number;
  /** True for memory that a driver lent: requests of ublk (6.15+). */
  readonly kernelOwned?: boolean;
  /** True where another slot or ring holds it, too: IORING_REGISTER_CLONE_BUFFERS (6.12+). */
  readonly cloned?: boolean;
}

/** Buffers provided under one number, from which the kernel chooses (IOSQE_BUFFER_SELECT). */
export interface BufferGroup {
  /** bgid. */
  readonly id: number;
  /** ring: shared with the kernel (5.19+); list: handed over by IORING_OP_PROVIDE_BUFFERS. */
  readonly kind: 'ring' | 'list';
  /** Room of a ring. */
  readonly entries?: number;
  /** 16-bit and free-running: buffers the kernel has taken, and the program has provided. */
  readonly head?: number;
  readonly tail?: number;
  /** Buffers that are left; unknown of a list before 6.17. */
  readonly left?: number;
}
