/** A measured figure beside its goal, as the benchmark prints it. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly goal?: string;
  /** Absent where the figure has no goal of its own. */
  readonly met?: boolean;
}

export interface Effort {
  /** Runs of each side. */
  readonly rounds: number;
  /** Seconds of one fio run. */
  readonly fioSeconds: number;
}

/** A benchmark that this machine cannot run, by name and reason. */
export class Skipped extends Error {}

export type Benchmark = (effort: Effort) => Promise<readonly Figure[]>;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Runs both sides in turns, so that whatever else the machine does falls on both. The first pair is not counted. */
export async function alternate(
  rounds: number,
  one: () => Promise<number>,
  other: () => Promise<number>,
): Promise<readonly [number[], number[]]> {
  const ones: number[] = [];
  const others: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const figures = [await one(), await other()] as const;
    if (round === 0 && rounds > 1) continue;
    ones.push(figures[0]);
    others.push(figures[1]);
  }
  return [ones, others];
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
