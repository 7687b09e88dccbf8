import { fieldOf } from './lines';
import { decimal } from './numbers';

export interface TimerfdFdinfo {
  /** CLOCK_ number: 0 REALTIME, 1 MONOTONIC, 7 BOOTTIME, 8 and 9 the alarm clocks. */
  readonly clockId: number;
  /** Expirations nobody has read. */
  readonly ticks: number;
  /** Seconds until it fires; 0 = disarmed. */
  readonly value: number;
  /** Seconds between firings; 0 = once. */
  readonly interval: number;
}

export function parseTimerfd(text: string): TimerfdFdinfo | undefined {
  const clockId = decimal(fieldOf(text, 'clockid'));
  const ticks = decimal(fieldOf(text, 'ticks'));
  const value = seconds(fieldOf(text, 'it_value'));
  const interval = seconds(fieldOf(text, 'it_interval'));
  if (clockId === undefined || ticks === undefined || value === undefined || interval === undefined) {
    return undefined;
  }
  return { clockId, ticks, value, interval };
}

/** `(seconds, nanoseconds)`. */
function seconds(text: string | undefined): number | undefined {
  const match = /^\((-?\d{1,19}), (\d{1,9})\)$/.exec(text ?? '');
  return match === null ? undefined : Number(match[1]) + Number(match[2]) / 1e9;
}
