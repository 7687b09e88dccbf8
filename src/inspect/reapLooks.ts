import type { TracedReaping } from '../model/trace';
import { parseIoUringFdinfo } from '../procfs/ioUringFdinfo';
import type { Target } from '../target/target';
import { Reaping } from '../trace/reaping';

/** Rings that are looked at; of more, the others are not. */
const MOST_RINGS = 16;

/** Looks at the CQ rings of a process while it is traced, by their counters in fdinfo. */
export class ReapLooks {
  private looked = Number.NEGATIVE_INFINITY;
  private readonly rings: { readonly fd: number; readonly reaping: Reaping }[];
  /** Of rings in whose place others have come. */
  private readonly replaced: TracedReaping[] = [];

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

  /** Looks at a ring, too, that has been made meanwhile: at a descriptor of an earlier one it is in its place. */
  add(fd: number): void {
    if (fd < 0) return;
    const at = this.rings.findIndex((ring) => ring.fd === fd);
    const ring = { fd, reaping: new Reaping() };
    const [before] = at < 0 ? [] : this.rings.splice(at, 1, ring);
    const told = before?.reaping.told(fd);
    if (told && this.replaced.length < MOST_RINGS) this.replaced.push(told);
    if (at < 0 && this.rings.length < MOST_RINGS) this.rings.push(ring);
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
    return [...this.replaced, ...this.rings.flatMap(({ fd, reaping }) => reaping.told(fd) ?? [])];
  }
}
