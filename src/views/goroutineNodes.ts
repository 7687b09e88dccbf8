import {
  goroutineNames,
  goroutinePlace,
  goroutinesTitle,
  goroutineWait,
  unreadGoroutines,
  waitingFor,
} from '../explain/goroutineWords';
import { frameText } from '../explain/userFrames';
import { t } from '../model/l10n';
import type { GoroutineGroup, Sample, Task } from '../model/sample';
import { type Node, paged } from './node';
import { taskSource, type UserStack, userRows } from './sourceRows';
import { dots, shown } from './words';

/** One row: the goroutines of a Go program, those that wait for the same at the same place in one. */
export function goroutineNodes({ goroutines }: Sample): readonly Node[] {
  if (goroutines === undefined) return [];
  const unread = unreadGoroutines(goroutines);
  return [
    {
      id: 'goroutines',
      label: goroutinesTitle(goroutines),
      icon: { id: 'server-process' },
      children: () => [
        ...paged(goroutines.groups, goroutineRow),
        ...(unread === '' ? [] : [{ id: 'unread', label: unread, icon: { id: 'ellipsis' } }]),
      ],
    },
  ];
}

/** The goroutines alike, with their stack below. */
export function goroutineRow(group: GoroutineGroup): Node {
  const { ids, state, reason, stack = [], stackNote, startedAt, tids = [] } = group;
  const userStack: UserStack = {
    userStack: stack,
    ...(stackNote === undefined ? {} : { userStackNote: stackNote }),
  };
  return {
    id: `goroutine-${ids[0] ?? state}`,
    label: goroutineNames(group),
    description: dots(
      shown(goroutineWait(group)),
      state === 'waiting' && reason !== undefined && shown(reason, 80),
      tids.length > 0 && t('thread {0}', tids.slice(0, 4).join(', ')),
      shown(goroutinePlace(group)),
    ),
    icon: { id: state === 'running' ? 'play-circle' : 'circle-outline' },
    ...taskSource(userStack),
    children: () => [
      ...userRows(userStack),
      ...(startedAt
        ? [
            {
              id: 'started',
              label: t('started by'),
              description: shown(frameText(startedAt)),
              icon: { id: 'debug-start' },
            },
          ]
        : []),
    ],
  };
}

/** Below a thread: the goroutines it carries, or those that it waits for with Go's epoll set. */
export function threadGoroutines(sample: Sample, { tid, userStack = [] }: Task): readonly Node[] {
  const carried = sample.goroutines?.groups.filter(({ tids = [] }) => tids.includes(tid)) ?? [];
  if (carried.length > 0) return carried.map(goroutineRow);
  if (!userStack.some(({ function: name }) => name === 'runtime.netpoll')) return [];
  const groups = new Set([...waitingFor(sample).values()].flat().map(({ group }) => group));
  return paged([...groups], goroutineRow);
}
