import type { MemoryResult } from '../../probe/protocol';
import type { Target } from '../../target/target';
import { AnsweringFiles } from '../answeringFiles';
import type { ReadMemory } from './addressSpace';
import type { Images, Region } from './images';

/** Bytes of one range that lie in one mapping, at least. */
const PAGE = 4096;

/** Reads memory, but none that lies in a file of a file system that may not answer. */
export class AnsweringMemory {
  private readonly files: AnsweringFiles;
  /** Devices whose memory was left alone since `begin`. */
  readonly leftAlone = new Set<string>();

  constructor(
    private readonly target: Target,
    private readonly pid: number,
    private readonly deadline: number,
  ) {
    this.files = new AnsweringFiles(target, pid);
  }

  async begin(): Promise<void> {
    this.leftAlone.clear();
    await this.files.begin();
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
      if (!(await this.files.mayRead(region))) {
        this.leftAlone.add(region.device);
        return false;
      }
    return true;
  }
}
