import { decimals } from './numbers';

/** /sys/block/NAME/inflight: requests inside the device now. */
export interface Inflight {
  readonly reads: number;
  readonly writes: number;
}

export function parseInflight(text: string): Inflight | undefined {
  const [reads, writes, ...more] = decimals(text) ?? [];
  return reads === undefined || writes === undefined || more.length > 0 ? undefined : { reads, writes };
}
