import type { Remembered } from './remembered';
import type { Unplaced } from './unplaced';

type ByFd = Map<number | undefined, Set<Remembered>>;

/**
 * Rows of memory of one operation and user_data, which are still to be found among the requests that were walked: by address and
 * descriptor, for a program may give all its requests the same user_data.
 */
export class Alike {
  /** How many requests of that kind were walked. */
  walked = 0;
  /** Undefined: the row does not say it, so that it may be any. */
  private readonly rows = new Map<string | undefined, ByFd>();

  add(row: Remembered): void {
    const byFd = this.rows.get(row.address) ?? new Map<number | undefined, Set<Remembered>>();
    this.rows.set(row.address, byFd);
    const fd = row.fd ?? undefined;
    const same = byFd.get(fd);
    if (same) same.add(row);
    else byFd.set(fd, new Set([row]));
  }

  delete(row: Remembered): void {
    const byFd = this.rows.get(row.address);
    const same = byFd?.get(row.fd ?? undefined);
    same?.delete(row);
    if (same?.size === 0) byFd?.delete(row.fd ?? undefined);
    if (byFd?.size === 0) this.rows.delete(row.address);
  }

  /** Those that can be the request by these two. */
  *like({ address, fd }: Pick<Unplaced, 'address' | 'fd'>): Generator<Remembered, void, undefined> {
    for (const byFd of pick(this.rows, address)) {
      for (const rows of pick(byFd, fd ?? undefined)) yield* rows;
    }
  }

  left(): Remembered[] {
    return [...this.like({})];
  }
}

/** Both sides may leave it unsaid. */
function pick<K, V>(found: ReadonlyMap<K | undefined, V>, key: K | undefined): Iterable<V> {
  if (key === undefined) return found.values();
  return [found.get(key), found.get(undefined)].filter((value) => value !== undefined);
}
