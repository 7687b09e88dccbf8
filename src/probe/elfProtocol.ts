/** Questions of the verb elf: which file, and which bytes of it. */

/** A file as the probe reaches it. */
export type BinaryFile =
  /** What lies in this mapping of a process: its file, whatever is called so by now. Needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE (4.3+). */
  | { readonly kind: 'mapped'; readonly pid: number; readonly start: bigint; readonly end: bigint }
  /** The program that a process runs. */
  | { readonly kind: 'executable'; readonly pid: number }
  /** A path, links and all, in the root of a process; of pid 0 in the probe's own (5.6+). Never opened with root's rights. */
  | { readonly kind: 'inside'; readonly pid: number; readonly path: string }
  /** `/tmp/perf-NUMBER.map` in the root of a process and of its user, no link; never opened with root's rights. `number`: the process in its own namespace (5.6+). */
  | { readonly kind: 'perfMap'; readonly pid: number; readonly number: number };

/** What tells one file from another, and from itself after a change. */
export interface BinaryIdentity {
  /** Bytes. */
  readonly size: number;
  readonly inode: bigint;
  readonly device: bigint;
  /** Seconds since 1970 when its content was last changed. */
  readonly modified: number;
}
