import type { Unit } from './series';

/** "12:03:07" of the viewer's own day. */
export function clockTime(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((n) => String(n).padStart(2, '0'))
    .join(':');
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
