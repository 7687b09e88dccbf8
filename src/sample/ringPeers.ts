import type { Resource } from '../model/sample';
import type { Target } from '../target/target';

/** A descriptor of some process. */
export interface Held {
  readonly pid: number;
  readonly fd: string;
}

/**
 * The other processes that hold each ring, by its descriptor here. Told by the rings' inodes, which take no lock; `held` = all
 * descriptors of rings on the host. Only where each ring has an inode of its own (5.17).
 */
export async function ringHolders(
  target: Target,
  pid: number,
  resources: readonly Resource[],
  held: readonly Held[],
): Promise<Map<number, readonly number[]>> {
  const own = resources.flatMap(({ kind, fd }) => (kind === 'io_uring' ? [fd] : []));
  const others = held.filter((holding) => holding.pid !== pid);
  if (own.length === 0 || others.length === 0) return new Map();
  const inodes = await target.inodes([
    ...own.map((fd) => `/proc/${pid}/fd/${fd}`),
    ...others.map((holding) => `/proc/${holding.pid}/fd/${holding.fd}`),
  ]);
  const theirs = inodes.slice(own.length);
  return new Map(
    own.map((fd, index) => {
      const inode = inodes[index];
      const pids = others
        .filter((_, at) => inode !== undefined && theirs[at] === inode)
        .map((one) => one.pid);
      return [fd, [...new Set(pids)].sort((a, b) => a - b)] as const;
    }),
  );
}
