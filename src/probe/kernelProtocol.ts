import type { Failure } from './protocol';

/** A way through pointers: each step loads the pointer at `address + step`; then `last` is added and `length` bytes are read. */
export interface Chase {
  readonly steps: readonly number[];
  readonly last: number;
  /** Bytes to read at the end of the way; 0 = the address alone. */
  readonly length: number;
}

/** In place of a step of `find`: 8 × the number of the descriptor that stands for the process. */
export const DESCRIPTOR_SLOT = 'descriptor slot';

/** A way from a pid; see KernelMemory. */
export type FindWay = Omit<Chase, 'steps'> & {
  readonly steps: readonly (number | typeof DESCRIPTOR_SLOT)[];
};

export type ChaseResult =
  | { readonly ok: true /** Where the bytes stand. */; readonly address: bigint; readonly data: Buffer }
  | Failure;

/** A chain of records in kernel memory: a list, or a table whose buckets each begin one. */
export interface Chain {
  /** Address of the first bucket's head: the pointer to the first node stands there. */
  readonly head: bigint;
  /** Buckets, and bytes from one to the next; 1 and 0 for a plain list. */
  readonly buckets: number;
  readonly stride: number;
  /** Bytes from the start of a node to its pointer to the next. */
  readonly next: number;
  /** A circular list ends at its head (list_head), the others at a null pointer (hlist, llist, io_wq_work_list). */
  readonly circular: boolean;
  /** Bytes from the start of a record to the node within it. */
  readonly node: number;
  /** Bytes of each record. */
  readonly length: number;
  /** Records, at most. */
  readonly most: number;
}

export interface KernelRecord {
  readonly address: bigint;
  readonly data: Buffer;
}

export type ChainResult =
  | {
      readonly ok: true;
      readonly records: readonly KernelRecord[];
      /** fault: a pointer led nowhere; cycle: it never ends; most: cut. Only `complete` is the whole list. */
      readonly end: 'complete' | 'fault' | 'cycle' | 'most';
    }
  | Failure;

/** A stretch of physical memory in which slab pages of one cache are looked for. */
export interface SlabScan {
  /** Address of `struct page` 0, bytes of one, and address of physical page 0 in the direct map. */
  readonly pages: bigint;
  readonly pageSize: number;
  readonly direct: bigint;
  /** First page frame and how many. */
  readonly first: number;
  readonly count: number;
  /** The cache, and where a slab's page says it. */
  readonly cache: bigint;
  readonly cacheOffset: number;
  /** Bytes of a slab and of an object in it. */
  readonly slabSize: number;
  readonly objectSize: number;
  /** Objects are told by a pointer: where it stands in them, and its value. */
  readonly matchOffset: number;
  readonly match: bigint;
  /** Bytes of each object that are wanted. */
  readonly length: number;
  readonly most: number;
}
