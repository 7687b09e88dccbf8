import type { ReadResult } from '../probe/protocol';
import { parseSched } from '../procfs/sched';
import { parseUptime } from '../procfs/uptime';
import type { Target } from '../target/target';
import { textOf } from './text';

/**
 * The files that tell the scheduler's present time: se.exec_start of the reader itself, which runs now. The
 * scheduler's clock may differ from /proc/uptime by seconds (measured: 1.8 s in a virtual machine), so uptime
 * serves only where the reader's own file cannot be had.
 */
export function clockFiles(target: Target): string[] {
  const own = target.self === undefined ? [] : [`/proc/${target.self}/sched`];
  return ['/proc/uptime', ...own];
}

export interface Clocks {
  /** Seconds since boot. */
  readonly uptime?: number;
  /** Now, on the clock of se.exec_start. Seconds. */
  readonly scheduler?: number;
  /** The same, where it was read and not taken from the uptime. */
  readonly awake?: number;
}

/** The clocks from clockFiles, in that order. */
export function clocksFrom(files: readonly (ReadResult | undefined)[]): Clocks {
  const uptime = parseUptime(textOf(files[0]) ?? '');
  const awake = parseSched(textOf(files[1]) ?? '')?.execStart;
  const scheduler = awake ?? uptime;
  return {
    ...(uptime === undefined ? {} : { uptime }),
    ...(scheduler === undefined ? {} : { scheduler }),
    ...(awake === undefined ? {} : { awake }),
  };
}
