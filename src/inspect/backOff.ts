/** Seconds before the first, second… try to reach a lost host again; the last one holds for all that follow. */
const WAITS = [1, 2, 5, 10, 30] as const;
/** Of the wait, up or down: hosts lost together are not tried together. */
const JITTER = 0.2;

/** Milliseconds to wait after `tries` have failed. `random` gives 0 to 1. */
export function backOff(tries: number, random: () => number): number {
  const seconds = WAITS[Math.min(tries, WAITS.length - 1)] ?? WAITS[0];
  return seconds * 1000 * (1 + JITTER * (2 * random() - 1));
}
