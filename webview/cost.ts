import type { HistoryPoint } from '../src/model/history';
import { t } from '../src/model/l10n';
import { secondsText } from './words';

/** Points that count. */
const LAST = 30;
/** Points that tell what the probe takes: there are more of them, for counters cost it something, too. */
const MANY = 120;

/** What looking has cost of late, one sentence; '' where nothing tells. */
export function costText(points: readonly HistoryPoint[]): string {
  const costs = points.slice(-LAST).flatMap(({ cost, span }) => (cost === undefined ? [] : [{ cost, span }]));
  const most = costs.reduce((longest, { cost }) => Math.max(longest, cost), 0);
  if (most === 0) return '';
  const last = costs.at(-1)?.cost ?? 0;
  const timed = costs.filter(({ span }) => span > 0);
  const over = timed.reduce((sum, { span }) => sum + span, 0);
  const share = over > 0 ? timed.reduce((sum, { cost }) => sum + cost, 0) / over : undefined;
  const part = share === undefined ? '' : t(', {0} % of the time', Math.min(100, share * 100).toFixed(1));
  const look = t(
    'The inspector’s own cost: a look takes {0}, at most {1}{2}.',
    brief(last),
    brief(most),
    part,
  );
  return `${look}${probeText(points)}`;
}

/** The probe works on the host of the process; of another host’s processors this program takes none. */
function probeText(points: readonly HistoryPoint[]): string {
  const timed = points.slice(-MANY).filter(({ span, probe }) => span > 0 && probe !== undefined);
  const over = timed.reduce((sum, { span }) => sum + span, 0);
  if (over === 0) return '';
  const share = (timed.reduce((sum, { probe = 0 }) => sum + probe, 0) / over) * 100;
  const percent = share < 10 ? share.toFixed(2) : Math.round(share);
  return ` ${t('Its probe takes {0} % of one processor of the process’s host.', percent)}`;
}

function brief(seconds: number): string {
  return seconds < 1 ? `${Math.max(1, Math.round(seconds * 1000))} ms` : secondsText(seconds);
}
