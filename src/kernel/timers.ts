import { parseUptime } from '../procfs/uptime';
import type { Target } from '../target/target';
import { opcodesNamed } from './decode';
import type { FoundRequest } from './gather';
import type { Reader } from './reader';
import type { Structure } from './structure';

/** Seconds. */
export interface Timer {
  /** Absent for a point in time. */
  readonly timeout?: number;
  /** Below 0: it should have fired. Only of a timer that runs. */
  readonly timeLeft?: number;
}

/** HRTIMER_BASE_BOOTTIME (4.17+). */
const BOOTTIME = 2;
/** Bit of an hrtimer_mode. */
const RELATIVE = 1;
const SECOND = 1e9;

/**
 * The timers of timeouts, by the address of their request. Now is /proc/uptime (10 ms exact); how the timer's clock
 * and the uptime differ stands in the kernel's clock bases.
 */
export async function readTimers(
  reader: Reader,
  target: Target,
  requests: readonly FoundRequest[],
): Promise<Map<bigint, Timer>> {
  const { needed, optional, sizes } = reader.layout;
  const timeouts = opcodesNamed(reader.layout, /^(?:LINK_)?TIMEOUT$/);
  const timed = requests.filter(
    ({ request }) =>
      timeouts.has(request.number(needed.requestOpcode)) && request.pointer(optional.requestAsyncData) !== 0n,
  );
  if (timed.length === 0) return new Map();
  const timers = await reader.structures(
    timed.map(({ request }) => ({
      address: request.pointer(optional.requestAsyncData),
      length: sizes.timer,
    })),
    'timers',
  );
  const present = await readClocks(reader, target, timers);
  return new Map(
    timed.map(({ request, state }, index) => {
      const timer = timers[index];
      const now = timer && present.get(timer.pointer(optional.timerBase));
      return [request.address, timer ? timerFrom(reader, timer, state === 'timeout' ? now : undefined) : {}];
    }),
  );
}

function timerFrom({ layout: { optional } }: Reader, timer: Structure, now: number | undefined): Timer {
  const { timerSpan: span, timerMode, timerExpires } = optional;
  const relative = timerMode !== undefined && (timer.number(timerMode) & RELATIVE) !== 0;
  return {
    ...(relative && span ? { timeout: spanOf(timer, span) } : {}),
    ...(now === undefined || timerExpires === undefined
      ? {}
      : { timeLeft: Number(timer.wide(timerExpires)) / SECOND - now }),
  };
}

/** A timespec64, from 7.1 on nanoseconds. */
function spanOf(timer: Structure, [offset, size]: readonly [number, number]): number {
  const first = Number(timer.wide([offset, 8]));
  return size === 16 ? first + Number(timer.wide([offset + 8, 8])) / SECOND : first / SECOND;
}

/** Now in seconds by the address of a clock base; empty where the uptime or the bases cannot be read. */
async function readClocks(
  reader: Reader,
  target: Target,
  timers: readonly (Structure | undefined)[],
): Promise<Map<bigint, number>> {
  const { optional, sizes } = reader.layout;
  const { timerBase, clockOffset, clockProcessor, processorClocks } = optional;
  if (clockOffset === undefined || processorClocks === undefined) return new Map();
  const addresses = [...new Set(timers.map((timer) => timer?.pointer(timerBase) ?? 0n))];
  const bases = await reader.structures(addresses.map((address) => ({ address, length: sizes.clock })));
  const toBoottime = processorClocks[0] + BOOTTIME * sizes.clock + clockOffset[0];
  const [boottimes, [file]] = await Promise.all([
    reader.structures(
      bases.map((base) => ({
        address: (base?.pointer(clockProcessor) ?? 0n) + BigInt(toBoottime),
        length: 8,
      })),
    ),
    target.read(['/proc/uptime']),
  ]);
  const uptime = file?.ok ? parseUptime(file.data.toString('latin1')) : undefined;
  if (uptime === undefined) return new Map();
  return new Map(
    bases.flatMap((base, index): [bigint, number][] => {
      const boottime = boottimes[index];
      if (base === undefined || boottime === undefined) return [];
      const ahead = Number(base.wide(clockOffset) - boottime.wide([0, 8])) / SECOND;
      return [[base.address, uptime + ahead]];
    }),
  );
}
