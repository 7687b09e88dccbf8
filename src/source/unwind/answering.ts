import type { MemoryResult } from '../../probe/protocol';
import { type MountinfoRow, parseMountinfo } from '../../procfs/mountinfo';
import type { BinaryFile } from '../../target/binaries';
import type { Target } from '../../target/target';
import { isFuse, isOfThisHost } from '../localMounts';
import type { ReadMemory } from './addressSpace';
import type { Images, Region } from './images';

/** Milliseconds for a file system to answer, and that what it did is believed. */
const DEADLINE = 500;
const BELIEVED = 30_000;
/** Bytes of one range that lie in one mapping, at least. */
const PAGE = 4096;

/**
 * Reads memory, but none that lies in a file of a file system that may not answer: that read would wait with the process's
 * memory map locked, and all threads of the process with it that map, unmap or start. Its file is asked first, which locks
 * nothing; on a FUSE mount, where that does harm as well, nothing is read. File systems of the host's own are not asked.
 */
export class AnsweringMemory {
  /** By device: whether it answers, and until when that is believed. */
  private readonly known = new Map<string, { readonly answers: Promise<boolean>; readonly until: number }>();
  private mounts: readonly MountinfoRow[] = [];
  /** Devices whose memory was left alone since `begin`. */
  readonly leftAlone = new Set<string>();

  constructor(
    private readonly target: Target,
    private readonly pid: number,
    private readonly deadline: number,
  ) {}

  async begin(): Promise<void> {
    this.leftAlone.clear();
    const [mountinfo] = await this.target.read([`/proc/${this.pid}/mountinfo`]);
    this.mounts = parseMountinfo(mountinfo?.ok ? mountinfo.data.toString('utf8') : '').rows;
  }

  reader(images: Images): ReadMemory {
    return async (ranges) => {
      const allowed = await Promise.all(
        ranges.map(({ address, length }) => this.mayRead(images, Number(address), length)),
      );
      const read = await this.target.memory(
        this.pid,
        ranges.filter((_, index) => allowed[index]),
        { deadline: this.deadline },
      );
      let next = 0;
      return allowed.map((may): MemoryResult => (may && read[next++]) || { ok: false, errno: 'EIO' });
    };
  }

  private async mayRead(images: Images, address: number, length: number): Promise<boolean> {
    const regions = new Set<Region>();
    for (let at = address; at < address + length; at += PAGE) {
      const region = images.region(at);
      if (region) regions.add(region);
    }
    for (const region of regions)
      if (!(await this.answers(region))) {
        this.leftAlone.add(region.device);
        return false;
      }
    return true;
  }

  private answers(region: Region): Promise<boolean> | true {
    const mount = this.mounts.find(({ device }) => device === region.device);
    if (region.inode === 0 || mount === undefined || isOfThisHost(mount)) return true;
    if (isFuse(mount)) return Promise.resolve(false);
    const known = this.known.get(region.device);
    if (known && Date.now() < known.until) return known.answers;
    const answers = this.ask(region);
    this.known.set(region.device, { answers, until: Date.now() + BELIEVED });
    return answers;
  }

  private async ask({ start, end, inode }: Region): Promise<boolean> {
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
}
