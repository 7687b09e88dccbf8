import { type MountinfoRow, parseMountinfo } from '../procfs/mountinfo';
import type { BinaryFile } from '../target/binaries';
import type { Target } from '../target/target';
import { isFuse, isOfThisHost } from './localMounts';

/** Milliseconds for a file system to answer, and that what it did is believed. */
const DEADLINE = 500;
const BELIEVED = 30_000;

/** A stretch of a process's memory, as its map tells of it. */
export interface MappedStretch {
  /** `major:minor` in decimal. */
  readonly device: string;
  /** 0 where it lies in no file. */
  readonly inode: number;
  readonly start: number;
  readonly end: number;
  /** As the memory map calls it; empty for memory without a name. */
  readonly name: string;
}

/** Files that lie in memory and on no mount: shared memory, rings, what drivers map. */
const KERNELS_OWN = /^(?!\/)|^\/(?:memfd:|dev\/|SYSV|\[aio\]|anon_hugepage|dmabuf:|i915|drm mm object)/;

/**
 * Whether the memory of a process that lies in files may be read. Of a file system that does not answer that read would wait with the
 * process's memory map locked, and all threads of the process with it that map, unmap or start. Its file is asked first,
 * which locks nothing; on a FUSE mount, where that does harm as well, nothing is read. File systems of the host's own are
 * not asked. A file on no mount that is known, of no block device, was left by one that was detached: it is not read.
 */
export class AnsweringFiles {
  /** By device: whether it answers, and until when that is believed. */
  private readonly known = new Map<string, { readonly answers: Promise<boolean>; readonly until: number }>();
  private mounts: readonly MountinfoRow[] = [];
  private readersMounts: Promise<readonly MountinfoRow[]> | undefined;

  constructor(
    private readonly target: Target,
    readonly pid: number,
  ) {}

  /** Begins a look. `mountinfo`: of the process, where it was read already. */
  async begin(mountinfo?: string): Promise<void> {
    this.readersMounts = undefined;
    this.mounts = mountinfo === undefined ? await this.mountsOf(this.pid) : parseMountinfo(mountinfo).rows;
  }

  mayRead(stretch: MappedStretch): Promise<boolean> | true {
    if (stretch.inode === 0) return true;
    const mount = this.mountOf(stretch);
    if (mount) return this.answers(mount, stretch);
    if (!stretch.device.startsWith('0:') || KERNELS_OWN.test(stretch.name)) return true;
    return this.ofReader(stretch);
  }

  /** Undefined where the process does not see it. */
  mountOf({ device }: MappedStretch): MountinfoRow | undefined {
    return this.mounts.find((mount) => mount.device === device);
  }

  /** Under an overlay lie files of mounts that a container does not see (kernels before 6.8 map those). */
  private async ofReader(stretch: MappedStretch): Promise<boolean> {
    this.readersMounts ??=
      this.target.self === undefined ? Promise.resolve([]) : this.mountsOf(this.target.self);
    const mount = (await this.readersMounts).find(({ device }) => device === stretch.device);
    return mount !== undefined && (await this.answers(mount, stretch));
  }

  private answers(mount: MountinfoRow, stretch: MappedStretch): Promise<boolean> | true {
    if (isOfThisHost(mount)) return true;
    if (isFuse(mount)) return Promise.resolve(false);
    const known = this.known.get(stretch.device);
    if (known && Date.now() < known.until) return known.answers;
    const answers = this.ask(stretch);
    this.known.set(stretch.device, { answers, until: Date.now() + BELIEVED });
    return answers;
  }

  private async ask({ start, end, inode }: MappedStretch): Promise<boolean> {
    const { binaries } = this.target;
    if (!binaries) return true;
    const { pid } = this;
    const ways: BinaryFile[] = [
      { kind: 'mapped', pid, start: BigInt(start), end: BigInt(end) },
      { kind: 'executable', pid },
    ];
    const [mapped, executable] = await binaries.identify(ways, { deadline: DEADLINE });
    if (mapped && !('errno' in mapped)) return true;
    return executable !== undefined && !('errno' in executable) && Number(executable.inode) === inode;
  }

  private async mountsOf(pid: number): Promise<readonly MountinfoRow[]> {
    const [mountinfo] = await this.target.read([`/proc/${pid}/mountinfo`]);
    return parseMountinfo(mountinfo?.ok ? mountinfo.data.toString('utf8') : '').rows;
  }
}
