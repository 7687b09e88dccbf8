import { LATENCY_BOUNDS, type LatencyBuckets } from '../model/traceDetails';
import { opcodeName } from '../ring/opcodes';

interface Row {
  readonly counts: number[];
  sum: number;
}

/** How many requests of each operation took how long. Times are seconds. */
export class LatencyCounts {
  private readonly rows = new Map<number, Row>();

  add(opcode: number, took: number): void {
    this.addMany(opcode, took, 1);
    this.addTime(opcode, took);
  }

  /** Without their times, which addTime adds together. */
  addMany(opcode: number, took: number, count: number): void {
    const { counts } = this.rowOf(opcode);
    let at = 0;
    while (took > (LATENCY_BOUNDS[at] ?? Number.POSITIVE_INFINITY)) at++;
    counts[at] = (counts[at] ?? 0) + count;
  }

  addTime(opcode: number, took: number): void {
    this.rowOf(opcode).sum += took;
  }

  get told(): readonly LatencyBuckets[] {
    return [...this.rows].map(([opcode, { counts, sum }]) => ({
      operation: opcodeName(opcode),
      counts: [...counts],
      sum,
    }));
  }

  private rowOf(opcode: number): Row {
    const known = this.rows.get(opcode);
    if (known) return known;
    const row = { counts: Array.from({ length: LATENCY_BOUNDS.length + 1 }, () => 0), sum: 0 };
    this.rows.set(opcode, row);
    return row;
  }
}
