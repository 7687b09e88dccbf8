import type { HistoryPoint } from '../model/history';
import { duration, grouped, joined } from './words';

/** Rings and devices that are named. */
const MOST = 4;

/** How the process and its host go, as the newest point of a history says it, in one line; '' where nothing is known yet. */
export function trendText({ rings, workers, devices, pressure, oldest, asleep }: HistoryPoint): string {
  const sum = (of: (ring: HistoryPoint['rings'][number]) => number | undefined) => {
    const known = rings.flatMap((ring) => of(ring) ?? []);
    return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0);
  };
  const submitted = sum((ring) => ring.submitted);
  const completed = sum((ring) => ring.completed);
  const busy = rings.filter((ring) => ring.sqpollBusy !== undefined);
  const moving = devices.filter((device) => device.inFlight > 0 || (device.completed ?? 0) > 0);
  return [
    asleep !== undefined && `nothing was seen for ${duration(asleep)}: the host was suspended`,
    submitted !== undefined && `${perSecond(submitted)} submitted/s`,
    completed !== undefined && `${perSecond(completed)} completed/s`,
    ...busy.slice(0, MOST).map(({ id, sqpollBusy = 0 }) => `SQPOLL of ring ${id} busy ${share(sqpollBusy)}`),
    workers.all > 0 && `${workers.busy} of ${workers.limit ?? workers.all} workers busy`,
    ...moving
      .slice(0, MOST)
      .map(
        ({ name, inFlight, completed: done }) =>
          `${name}: ${grouped(inFlight)} in flight${done === undefined ? '' : `, ${perSecond(done)}/s`}`,
      ),
    oldest !== undefined && oldest >= 1 && `oldest pending ${duration(oldest)}`,
    pressure && `I/O pressure ${share(pressure.some)}`,
  ]
    .filter((part) => part !== false && part !== undefined)
    .join(' · ');
}

/** Share of a processor of the host that its probe has taken over these points; undefined where nobody counts. */
export function probeShare(points: readonly HistoryPoint[]): number | undefined {
  const timed = points.filter(({ span, probe }) => span > 0 && probe !== undefined);
  const over = timed.reduce((all, { span }) => all + span, 0);
  return over > 0 ? timed.reduce((all, { probe = 0 }) => all + probe, 0) / over : undefined;
}

/** What looking takes: of this machine's processors and, by the probe, of the host's; shares of one processor. '' where nobody counts. */
export function costWords(points: readonly HistoryPoint[], own: number | undefined): string {
  const probe = probeShare(points);
  const parts = [
    own !== undefined && `the inspector ${share(own, 1)}`,
    probe !== undefined && `its probe ${share(probe, 1)}`,
  ].filter((part) => part !== false);
  return parts.length === 0 ? '' : `Looking takes ${joined(parts)} of a processor.`;
}

export function perSecond(rate: number): string {
  return rate > 0 && rate < 10 ? rate.toFixed(1) : grouped(Math.round(rate));
}

export function share(part: number, digits = 0): string {
  return `${(part * 100).toFixed(digits)} %`;
}
