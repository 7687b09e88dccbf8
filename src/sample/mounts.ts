import type { MountinfoRow } from '../procfs/mountinfo';

/** What lies behind a path, from the mounts of the process's own namespace. */
export interface MountFacts {
  readonly mount: string;
  readonly fsType: string;
  readonly source: string;
  /** `major:minor` of the file system. */
  readonly device: string;
}

/**
 * Finds the mount of a file: by the descriptor's mnt_id where the kernel tells it, else by the longest path. A file of a mount that
 * the process has not (inherited, passed, outside its root) is looked up in `outer`, the inspector's own mounts.
 */
export class MountTable {
  private readonly byId = new Map<number, MountinfoRow>();

  constructor(
    private readonly rows: readonly MountinfoRow[],
    private readonly outer?: MountTable,
  ) {
    for (const row of rows) this.byId.set(row.id, row);
  }

  find(mountId: number | undefined, path: string | undefined): MountFacts | undefined {
    const byId = mountId === undefined ? undefined : this.byId.get(mountId);
    if (!byId && mountId !== undefined && this.outer) return this.outer.numbered(mountId);
    const row = byId ?? (path === undefined ? undefined : this.longestPrefix(path));
    return row && factsOf(row);
  }

  has(mountId: number): boolean {
    return this.byId.has(mountId);
  }

  private numbered(mountId: number): MountFacts | undefined {
    const row = this.byId.get(mountId);
    return row && factsOf(row);
  }

  private longestPrefix(path: string): MountinfoRow | undefined {
    let best: MountinfoRow | undefined;
    for (const row of this.rows) {
      const under = row.mountPoint === '/' ? path.startsWith('/') : isBelow(path, row.mountPoint);
      // Of two mounts on one point the later covers the earlier.
      if (under && (best === undefined || row.mountPoint.length >= best.mountPoint.length)) best = row;
    }
    return best;
  }
}

function factsOf({ mountPoint, fsType, source, device }: MountinfoRow): MountFacts {
  return { mount: mountPoint, fsType, source, device };
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(directory) && (path.length === directory.length || path[directory.length] === '/');
}
