import type { HistoryPoint } from '../src/model/history';
import { secondsText } from './words';

/** Points that count. */
const LAST = 30;

/** What looking has cost of late, one sentence; '' where nothing tells. */
export function costText(points: readonly HistoryPoint[]): string {
  const costs = points.slice(-LAST).flatMap(({ cost, span }) => (cost === undefined ? [] : [{ cost, span }]));
  const most = costs.reduce((longest, { cost }) => Math.max(longest, cost), 0);
  if (most === 0) return '';
  const last = costs.at(-1)?.cost ?? 0;
  const timed = costs.filter(({ span }) => span > 0);
  const over = timed.reduce((sum, { span }) => sum + span, 0);
  const share = over > 0 ? timed.reduce((sum, { cost }) => sum + cost, 0) / over : undefined;
  const part = share === undefined ? '' : `, ${Math.min(100, share * 100).toFixed(1)} % of the time`;
  return `The inspector’s own cost: a look takes ${brief(last)}, at most ${brief(most)}${part}.`;
}

function brief(seconds: number): string {
  return seconds < 1 ? `${Math.max(1, Math.round(seconds * 1000))} ms` : secondsText(seconds);
}
