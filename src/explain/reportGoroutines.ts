import { printable } from '../model/printable';
import type { GoroutineGroup, Task } from '../model/sample';
import {
  goroutineNames,
  goroutinePlace,
  goroutinesTitle,
  goroutineWait,
  unreadGoroutines,
  waitingFor,
} from './goroutineWords';
import type { Context } from './reportContext';
import { wrap } from './style';
import { foldedFrames, frameText, isOwn } from './userFrames';
import { counted } from './words';

/** Groups listed where not everything is asked for. */
const MOST_GROUPS = 8;

/** What the goroutines of a Go program wait for, those alike in one entry; their stacks where everything is asked for. */
export function goroutineLines(context: Context): string[] {
  const { sample, style, width, verbose } = context;
  const { goroutines } = sample;
  if (goroutines === undefined) return [];
  const { groups } = goroutines;
  const shown = verbose ? groups : groups.slice(0, MOST_GROUPS);
  const left = groups.slice(shown.length).reduce((sum, { count }) => sum + count, 0);
  const unread = unreadGoroutines(goroutines);
  return [
    style.bold(goroutinesTitle(goroutines)),
    ...shown.flatMap((group) => [
      ...wrap(`  ${groupText(group, !verbose)}`, width, '      '),
      ...(verbose ? stackLines(context, group) : []),
    ]),
    ...(left > 0 ? [`  … ${counted(left, 'more goroutine')} (--verbose lists them)`] : []),
    ...(unread === '' ? [] : wrap(`  ${unread}`, width, '      ')),
  ];
}

function groupText(group: GoroutineGroup, placed: boolean): string {
  const { count, reason, state, read, tids = [] } = group;
  const place = placed ? goroutinePlace(group) : '';
  return [
    `${goroutineNames(group)}: ${count === 1 ? '' : 'each '}${goroutineWait(group)}`,
    state === 'waiting' && reason !== undefined ? `[${printable(reason, 80)}]` : '',
    tids.length === 0 ? '' : `· thread ${tids.slice(0, 4).join(', ')}`,
    read === undefined ? '' : `· the stacks of ${read} were read`,
    place === '' ? '' : `· ${place}`,
  ]
    .filter(Boolean)
    .join(' ');
}

function stackLines(
  { style, width }: Context,
  { stack = [], stackNote, startedAt }: GoroutineGroup,
): string[] {
  const lines = foldedFrames(stack).map((frame) => {
    if (typeof frame === 'string') return style.dim(frame);
    const text = frameText(frame, true);
    return isOwn(frame) ? text : style.dim(text);
  });
  if (stackNote !== undefined) lines.push(style.dim(`its stack ${printable(stackNote, 300)}`));
  if (startedAt !== undefined) lines.push(style.dim(`started by ${frameText(startedAt, true)}`));
  return lines.flatMap((line) => wrap(`      ${line}`, width, '          '));
}

/** The function in which a thread of Go's waits for all descriptors at once. */
const POLLING = 'runtime.netpoll';

/** What a thread of Go's has to do with goroutines: that it waits on behalf of some, or carries one. */
export function threadLine({ sample }: Context, { tid, userStack = [] }: Task): string {
  const carried = sample.goroutines?.groups.find(({ count, tids = [] }) => count === 1 && tids.includes(tid));
  if (carried) return `carries ${goroutineNames(carried)}`;
  if (!userStack.some(({ function: name }) => name === POLLING)) return '';
  const fds = [...waitingFor(sample).values()].flat();
  const count = fds.reduce((sum, { waits }) => sum + waits.length, 0);
  return count === 0 ? '' : `on behalf of ${counted(count, 'goroutine')}: see below`;
}
