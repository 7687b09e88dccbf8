import { perSecond, share } from '../explain/trend';
import type { InspectionSnapshot } from '../inspect/inspection';
import type { HistoryPoint } from '../model/history';
import type { Node } from './node';
import { dots, grouped, shown } from './words';

type Row = readonly [label: string, value: string | undefined];

/** Rings and devices that have a row. */
const MOST = 8;

/** How the process and its host go, in numbers since the look before. Its own row never changes, so that the tree stays calm. */
export function activityNodes({ activity }: InspectionSnapshot): readonly Node[] {
  const rows = activity ? rowsOf(activity).filter(([, value]) => value !== undefined) : [];
  if (rows.length === 0) return [];
  return [
    {
      id: 'activity',
      label: 'Activity',
      icon: { id: 'dashboard' },
      tooltip: () =>
        'Numbers of the time between the last two looks; shares are of time, those of looking of one processor\\.',
      children: () =>
        rows.map(([label, value = '']) => ({
          id: label,
          label,
          description: value,
          spoken: `${label}: ${value}`,
        })),
    },
  ];
}

function rowsOf({ point, own, probe }: NonNullable<InspectionSnapshot['activity']>): readonly Row[] {
  const { rings, workers, devices, pressure } = point;
  const sum = (of: (ring: HistoryPoint['rings'][number]) => number | undefined) => {
    const known = rings.flatMap((ring) => of(ring) ?? []);
    return known.length === 0 ? undefined : `${perSecond(known.reduce((a, b) => a + b))}/s`;
  };
  return [
    ['Submitted', sum(({ submitted }) => submitted)],
    ['Completed', sum(({ completed }) => completed)],
    ...rings
      .slice(0, MOST)
      .flatMap(({ id, sqpollBusy }): Row[] =>
        sqpollBusy === undefined ? [] : [[`SQPOLL thread of ring ${id}`, `${share(sqpollBusy)} busy`]],
      ),
    ['Workers', workers.all > 0 ? `${workers.busy} of ${workers.limit ?? workers.all} busy` : undefined],
    ...devices
      .slice(0, MOST)
      .map(
        ({ name, inFlight, completed }): Row => [
          shown(name),
          dots(`${grouped(inFlight)} in flight`, completed !== undefined && `${perSecond(completed)}/s`),
        ],
      ),
    [
      'I/O pressure',
      pressure &&
        dots(`some ${share(pressure.some)}`, pressure.full !== undefined && `all ${share(pressure.full)}`),
    ],
    [
      'Cost of looking',
      dots(`inspector ${share(own, 1)}`, probe !== undefined && `probe ${share(probe, 1)}`),
    ],
  ];
}
