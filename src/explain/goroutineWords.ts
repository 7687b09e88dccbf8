import { printable } from '../model/printable';
import type { GoroutineFd, GoroutineGroup, Goroutines, Resource, Sample } from '../model/sample';
import { frameText, isOwn } from './userFrames';
import { counted, grouped, joined } from './words';

/** Go's own words for why goroutines wait (`runtime.waitReasonStrings`), as a person says it: completes "it …". */
const WAITS: Readonly<Record<string, string>> = {
  'IO wait': 'waits for I/O',
  'chan receive': 'waits to receive from a channel',
  'chan send': 'waits to send on a channel',
  'chan receive (nil chan)': 'waits for ever: receives from a channel that is nil',
  'chan send (nil chan)': 'waits for ever: sends on a channel that is nil',
  select: 'waits in a select',
  'select (no cases)': 'waits for ever: a select without cases',
  semacquire: 'waits for a semaphore: a lock or a WaitGroup',
  'sync.Mutex.Lock': 'waits for a Mutex',
  'sync.RWMutex.RLock': 'waits to read under a RWMutex',
  'sync.RWMutex.Lock': 'waits to write under a RWMutex',
  'sync.Cond.Wait': 'waits for a Cond',
  'sync.WaitGroup.Wait': 'waits for a WaitGroup',
  sleep: 'sleeps',
  coroutine: 'waits in an iterator',
};
/** What `semacquire` is for, by the function that waits. */
const SEMAPHORES: readonly (readonly [RegExp, string])[] = [
  [/^sync\.\(\*RWMutex\)\.RLock$/, 'waits to read under a RWMutex'],
  [/^sync\.\(\*RWMutex\)\.Lock$/, 'waits to write under a RWMutex'],
  [/^(?:internal\/)?sync\.\(\*Mutex\)\.(?:Lock|lockSlow)$/, 'waits for a Mutex'],
  [/^sync\.\(\*WaitGroup\)\./, 'waits for a WaitGroup'],
];
const MOST_FDS = 3;
const MOST_IDS = 4;
const MOST_PLACES = 2;

/** Completes "it …": "waits to read fd 7". */
export function goroutineWait(group: GoroutineGroup): string {
  const { state, reason, fds = [], stack = [] } = group;
  if (state === 'running') return 'runs';
  if (state === 'runnable') return 'waits for a processor';
  if (state === 'preempted') return 'is stopped by Go’s runtime for a moment';
  if (state === 'syscall')
    return stack.some(({ function: name }) => name === 'runtime.cgocall') ? 'is in C' : 'is in a system call';
  if (fds.length > 0) return polledText(fds);
  if (reason === undefined) return 'waits';
  const semaphore =
    reason === 'semacquire'
      ? SEMAPHORES.find(([pattern]) => stack.some(({ function: name }) => pattern.test(name)))?.[1]
      : undefined;
  return semaphore ?? WAITS[reason] ?? `waits: ${printable(reason, 80)}`;
}

function polledText(fds: readonly GoroutineFd[]): string {
  const uses = [...new Set(fds.map(useOf))];
  const numbers = [...new Set(fds.map(({ fd }) => fd))].sort((a, b) => a - b);
  const more = numbers.length - MOST_FDS;
  const shown = numbers.slice(0, more > 1 ? MOST_FDS : undefined).map(String);
  return `waits to ${uses.join(' or ')} fd ${joined([...shown, ...(more > 1 ? [`${grouped(more)} more`] : [])])}`;
}

/** A saved Sample may hold any text. */
const useOf = (one: GoroutineFd): string => (one.for === 'write' ? 'write' : 'read');

/** "goroutine 34", "1,998 goroutines (5, 6, 7, 8, …)". */
export function goroutineNames({ count, ids }: GoroutineGroup): string {
  if (count === 1) return `goroutine ${ids[0] ?? '?'}`;
  const cut = count > MOST_IDS ? ', …' : '';
  return `${counted(count, 'goroutine')} (${ids.slice(0, MOST_IDS).join(', ')}${cut})`;
}

/** The first lines of the program's own in its stack: `main.serve() at server.go:16 ← main.main() at server.go:40`. */
export function goroutinePlace({ stack = [] }: GoroutineGroup): string {
  const own = stack.filter(isOwn).slice(0, MOST_PLACES);
  const shown = own.length > 0 ? own : stack.slice(0, 1);
  return shown.map((frame) => frameText(frame)).join(' ← ');
}

/** "Goroutines (1,010, and 4 of Go’s own)". */
export function goroutinesTitle({ count, runtime }: Goroutines): string {
  return `Goroutines (${grouped(count)}${runtime === 0 ? '' : `, and ${grouped(runtime)} of Go’s own`})`;
}

/** Of those that are in no group; empty where there are none. */
export function unreadGoroutines({ unread }: Goroutines): string {
  return unread === 0
    ? ''
    : `${counted(unread, 'more goroutine')} not told: they ran, or there are too many to look at`;
}

/** A group that waits for a descriptor, with those of its goroutines that do. */
export interface Waiting {
  readonly group: GoroutineGroup;
  readonly waits: readonly GoroutineFd[];
}

const known = new WeakMap<Goroutines, ReadonlyMap<number, readonly Waiting[]>>();

/** The goroutines that wait for each descriptor. */
export function waitingFor({ goroutines }: Sample): ReadonlyMap<number, readonly Waiting[]> {
  if (goroutines === undefined) return NOBODY;
  const before = known.get(goroutines);
  if (before) return before;
  const found = new Map<number, Waiting[]>();
  for (const group of goroutines.groups) {
    const byFd = new Map<number, GoroutineFd[]>();
    for (const one of group.fds ?? []) {
      const others = byFd.get(one.fd);
      if (others) others.push(one);
      else byFd.set(one.fd, [one]);
    }
    for (const [fd, waits] of byFd) found.set(fd, [...(found.get(fd) ?? []), { group, waits }]);
  }
  known.set(goroutines, found);
  return found;
}

const NOBODY: ReadonlyMap<number, readonly Waiting[]> = new Map();

/** "goroutine 34 waits to read in main.serve() at server.go:16"; of an epoll set how many wait with it. Empty where none does. */
export function resourceWaiters(sample: Sample, { fd, kind, watches = [] }: Resource): string {
  const waiting = waitingFor(sample);
  if (kind === 'epoll') {
    const count = watches.reduce((sum, watched) => sum + waitsOf(waiting.get(watched)), 0);
    return count === 0 ? '' : `${counted(count, 'goroutine')} ${count === 1 ? 'waits' : 'wait'} with it`;
  }
  return (waiting.get(fd) ?? []).map(({ group, waits }) => waiterText(group, waits)).join(', ');
}

function waitsOf(waiting: readonly Waiting[] = []): number {
  return waiting.reduce((sum, { waits }) => sum + waits.length, 0);
}

function waiterText(group: GoroutineGroup, waits: readonly GoroutineFd[]): string {
  const [first] = waits;
  const who = waits.length === 1 ? `goroutine ${first?.goroutine}` : `${counted(waits.length, 'goroutine')}`;
  const place = goroutinePlace({ ...group, stack: ownFirst(group) });
  return `${who} ${waits.length === 1 ? 'waits' : 'wait'}${first ? ` to ${useOf(first)}` : ''}${place === '' ? '' : ` in ${place}`}`;
}

/** The innermost line alone: a descriptor's row is short. */
function ownFirst({ stack = [] }: GoroutineGroup): NonNullable<GoroutineGroup['stack']> {
  const own = stack.find(isOwn);
  return own ? [own] : stack.slice(0, 1);
}
