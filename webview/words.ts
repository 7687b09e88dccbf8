import { latencyText } from './latency';
import type { Unit } from './series';
import type { Span } from './window';

/** Seconds between marks of a time axis. */
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21_600, 86_400];

/** Marks on the axis at most. */
const MARKS = 8;

/** "12:03:07" of the viewer's own day, with tenths where a short span needs them. */
export function clockTime(at: number, span?: Span): string {
  const date = new Date(at);
  const parts = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const time = parts.map((part) => String(part).padStart(2, '0')).join(':');
  return span && stepOf(span) < 1 ? `${time}.${Math.floor(date.getMilliseconds() / 100)}` : time;
}

/** Where the axis has its marks: at round times, as many as there is room for. Milliseconds since 1970. */
export function timeTicks(span: Span, room = MARKS): number[] {
  const step = stepOf(span, Math.min(MARKS, Math.max(1, room))) * 1000;
  const away = new Date(span.from).getTimezoneOffset() * 60_000;
  const ticks: number[] = [];
  for (let at = Math.ceil((span.from - away) / step) * step + away; at <= span.to; at += step) ticks.push(at);
  return ticks;
}

/** Seconds; whole days where no shorter step has so few marks. */
function stepOf({ from, to }: Span, most = MARKS): number {
  const fewest = (to - from) / 1000 / most;
  return STEPS.find((step) => step >= fewest) ?? Math.ceil(fewest / 86_400) * 86_400;
}

/** A value as people read it. */
export function valueText(value: number | undefined | null, unit: Unit): string {
  if (value === undefined || value === null) return '–';
  switch (unit) {
    case 'count':
      return grouped(Math.round(value));
    case 'rate':
      return `${value < 10 ? Math.round(value * 10) / 10 : grouped(Math.round(value))}/s`;
    case 'share':
      return `${Math.round(value * 100)} %`;
    case 'seconds':
      return secondsText(value);
    case 'latency':
      return latencyText(value);
  }
}

export function secondsText(seconds: number): string {
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

function grouped(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}
