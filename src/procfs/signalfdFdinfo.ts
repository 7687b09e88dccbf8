import { fieldOf } from './lines';
import { bigHex } from './numbers';

export interface SignalfdFdinfo {
  readonly mask: bigint;
  /** The signals it receives, 1 to 64, ascending. */
  readonly signals: number[];
}

export function parseSignalfd(text: string): SignalfdFdinfo | undefined {
  const mask = bigHex(fieldOf(text, 'sigmask'));
  if (mask === undefined) {
    return undefined;
  }
  const signals: number[] = [];
  for (let signal = 1; signal <= 64; signal++) {
    if ((mask >> BigInt(signal - 1)) & 1n) {
      signals.push(signal);
    }
  }
  return { mask, signals };
}
