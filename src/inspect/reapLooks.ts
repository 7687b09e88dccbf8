import type { TracedReaping } from '../model/trace';
import { parseIoUringFdinfo } from '../procfs/ioUringFdinfo';
import type { Target } from '../target/target';
import { Reaping } from '../trace/reaping';

/** Rings that are looked at; of more, the others are not. */
const MOST_RINGS = 16;

/** Looks at the CQ rings of a process while it is traced, by their counters in fdinfo. */
export class ReapLooks {
  private looked = Number.NEGATIVE_INFINITY;
  private readonly rings: readonly { readonly fd: number; readonly reaping: Reaping }[];

  constructor(
    private readonly target: Target,
    private readonly pid: number,
    ringFds: Iterable<number>,
  ) {
    this.rings = [...new Set(ringFds)]
      .filter((fd) => fd >= 0)
      .slice(0, MOST_RINGS)
      .map((fd) => ({ fd, reaping: new Reaping() }));
  }

  /** Looks unless it has within so many milliseconds. */
  async lookIn(milliseconds: number): Promise<void> {
    if (performance.now() - this.looked >= milliseconds) await this.look();
  }

  /** A ring that is gone, or whose lock a task holds (6.15+), is left out of this look. */
  async look(): Promise<void> {
    if (this.rings.length === 0) return;
    const answers = await this.target.read(this.rings.map(({ fd }) => `/proc/${this.pid}/fdinfo/${fd}`));
    this.looked = performance.now();
    const time = this.looked * 1e6;
    for (const [index, answer] of answers.entries()) {
      const counters = answer.ok ? parseIoUringFdinfo(answer.data.toString('latin1')).counters : undefined;
      if (!counters) continue;
      const { cqHead: head, cqTail, cachedCqTail, cqMask: mask } = counters;
      this.rings[index]?.reaping.note({ time, head, tail: cachedCqTail ?? cqTail, mask });
    }
  }

  get told(): readonly TracedReaping[] {
    return this.rings.flatMap(({ fd, reaping }) => reaping.told(fd) ?? []);
  }
}
