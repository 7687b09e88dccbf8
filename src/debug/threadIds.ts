import type { AioContext, Ring } from '../model/sample';

/** Above every tid: the kernel's PID_MAX_LIMIT is 2^22. */
const FIRST = 1 << 23;

/** Thread ids of what is no task, the same at every look. Tasks have their tid. */
export class ThreadIds {
  private readonly ids = new Map<string, number>();

  /** By its inode where the kernel tells that, for a descriptor may become another ring's. */
  ofRing({ inode, fd, id, owner }: Ring): number {
    return this.of(
      inode !== undefined ? `inode ${inode}` : fd !== null ? `fd ${owner} ${fd}` : `ring ${owner} ${id}`,
    );
  }

  ofAio({ address }: AioContext): number {
    return this.of(`aio ${address}`);
  }

  /** Of the requests that belong to a ring not known. */
  get astray(): number {
    return this.of('astray');
  }

  private of(key: string): number {
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    const id = FIRST + this.ids.size;
    this.ids.set(key, id);
    return id;
  }
}
