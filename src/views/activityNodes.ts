import { perSecond, share } from '../explain/trend';
import type { InspectionSnapshot } from '../inspect/inspection';
import type { HistoryPoint } from '../model/history';
import { t } from '../model/l10n';
import type { Node } from './node';
import { dots, grouped, shown } from './words';

type Row = readonly [label: string, value: string | undefined];

/** Rings and devices that have a row. */
const MOST = 8;

/**
 * How the process and its host go, in numbers since the look before. Its own row is there from the first look on and never changes, so
 * that the tree stays calm.
 */
export function activityNode({ activity }: InspectionSnapshot): Node {
  return {
    id: 'activity',
    label: t('Activity'),
    icon: { id: 'dashboard' },
    tooltip: () =>
      t(
        'Numbers of the time between the last two looks; shares are of time, those of looking of one processor\\.',
      ),
    children: () => {
      const rows = activity ? rowsOf(activity).filter(([, value]) => value !== undefined) : [];
      if (rows.length === 0) return [{ id: 'none', label: t('Told from the second look on') }];
      return rows.map(([label, value = '']) => ({
        id: label,
        label,
        description: value,
        spoken: `${label}: ${value}`,
      }));
    },
  };
}

function rowsOf({ point, own, probe }: NonNullable<InspectionSnapshot['activity']>): readonly Row[] {
  const { rings, workers, devices, pressure } = point;
  const sum = (of: (ring: HistoryPoint['rings'][number]) => number | undefined) => {
    const known = rings.flatMap((ring) => of(ring) ?? []);
    return known.length === 0 ? undefined : `${perSecond(known.reduce((a, b) => a + b))}/s`;
  };
  return [
    [t('Submitted'), sum(({ submitted }) => submitted)],
    [t('Completed'), sum(({ completed }) => completed)],
    ...rings
      .slice(0, MOST)
      .flatMap(({ id, sqpollBusy }): Row[] =>
        sqpollBusy === undefined
          ? []
          : [[t('SQPOLL thread of ring {0}', id), t('{0} busy', share(sqpollBusy))]],
      ),
    [
      t('Workers'),
      workers.all > 0 ? t('{0} of {1} busy', workers.busy, workers.limit ?? workers.all) : undefined,
    ],
    ...devices
      .slice(0, MOST)
      .map(
        ({ name, inFlight, completed }): Row => [
          shown(name),
          dots(t('{0} in flight', grouped(inFlight)), completed !== undefined && `${perSecond(completed)}/s`),
        ],
      ),
    [
      t('I/O pressure'),
      pressure &&
        dots(
          t('some {0}', share(pressure.some)),
          pressure.full !== undefined && t('all {0}', share(pressure.full)),
        ),
    ],
    [
      t('Cost of looking'),
      dots(t('inspector {0}', share(own, 1)), probe !== undefined && t('probe {0}', share(probe, 1))),
    ],
  ];
}
