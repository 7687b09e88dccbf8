/** What the kernel has counted of one processor's buffer (per_cpu/cpuN/stats). */
export interface BufferCounts {
  /** Events written over before they were read, and events that found no place. */
  readonly lost: number;
  readonly read: number;
}

/** Undefined for what is no such file. */
export function parseBufferStats(text: string): BufferCounts | undefined {
  const counts = new Map<string, number>();
  for (const [, name = '', count] of text.matchAll(/^([a-z ]{1,40}): (\d{1,16})$/gm))
    counts.set(name, Number(count));
  const overrun = counts.get('overrun');
  if (overrun === undefined) return undefined;
  const lost = overrun + (counts.get('commit overrun') ?? 0) + (counts.get('dropped events') ?? 0);
  return { lost, read: counts.get('read events') ?? 0 };
}
