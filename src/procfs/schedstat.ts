import { decimals } from './numbers';

export interface Schedstat {
  /** Seconds on a processor. */
  readonly runTime: number;
  /** Seconds spent runnable and waiting for a processor. */
  readonly waitTime: number;
  /** How often it was given a processor. */
  readonly slices: number;
}

/** /proc/PID/schedstat; all zero where the kernel keeps no scheduler statistics. */
export function parseSchedstat(text: string): Schedstat | undefined {
  const [run, wait, slices, ...more] = decimals(text) ?? [];
  if (run === undefined || wait === undefined || slices === undefined || more.length > 0) {
    return undefined;
  }
  return { runTime: run / 1e9, waitTime: wait / 1e9, slices };
}
