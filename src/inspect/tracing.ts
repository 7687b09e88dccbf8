import type { WalkOptions } from '../sample/pendingSources';
import type { Target } from '../target/target';
import { isTraced } from '../target/tracing';
import { EVENT_KINDS, type EventKind, isOfRing } from '../trace/events';
import type { EventFormat } from '../trace/format';
import { TraceReader } from '../trace/traceReader';
import { TraceRecord } from '../trace/traceRecord';
import { ReapLooks } from './reapLooks';
import { MOST_FILTERED, RunningTrace } from './runningTrace';
import { ringsOf, threadsOf } from './tracedRings';
import { readFormats } from './traceFormats';
import { nothingTraced, traceRefused } from './tracingTrouble';

export interface TraceOptions {
  /** KiB of each processor's buffer; absent: 64 MiB of all together, 32 MiB of one at the most. */
  readonly kilobytes?: number;
  /** Bytes of each submit's stack; 0 = none. Default 4096. */
  readonly stackBytes?: number;
  readonly walk?: WalkOptions;
  /** Milliseconds between two drains; tests. */
  readonly interval?: number;
}

const ALL_KILOBYTES = 64 << 10;
const MOST_KILOBYTES = 32 << 10;
const STACK_BYTES = 4096;
/** KiB of all buffers for stacks, and of one: a thousand stacks of one processor between two drains. */
const ALL_STACK_KILOBYTES = 16 << 10;
const MOST_STACK_KILOBYTES = 4096;
const INTERVAL = 50;
const LOW_48 = (1n << 48n) - 1n;

/** Kinds that are followed; others would cost and tell nothing yet. */
const FOLLOWED: ReadonlySet<EventKind | undefined> = new Set<EventKind>([
  'create',
  'submit',
  'complete',
  'file_get',
  'queue_async_work',
  'defer',
  'poll_arm',
  'task_add',
  'cqe_overflow',
]);

/**
 * Begins to trace the rings that a process has now. Rejects with a UserError where it cannot be: `not-permitted` (not root),
 * `not-traceable` (why stands in it).
 */
export async function startTrace(
  target: Target,
  pid: number,
  options: TraceOptions = {},
): Promise<RunningTrace> {
  const { tracing } = target;
  if (!tracing) throw nothingTraced('A capture has nothing that happens.');
  const { place, formats, page, processors } = await readFormats(target);
  const { rings, ringFds, submitters } = await ringsOf(target, pid, options.walk ?? {});
  const events = formats.filter(({ name }) => FOLLOWED.has(EVENT_KINDS.get(name)));
  const stackBytes = options.stackBytes ?? STACK_BYTES;
  const { newHistogram, newFastHistogram } = await import('../trace/histograms');
  const stackKilobytes = Math.max(
    64,
    Math.min(MOST_STACK_KILOBYTES, Math.floor(ALL_STACK_KILOBYTES / processors)),
  );
  const started = await tracing.start({
    kilobytes:
      options.kilobytes ?? Math.max(64, Math.min(MOST_KILOBYTES, Math.floor(ALL_KILOBYTES / processors))),
    // Of more rings than the kernel is asked to choose, all of the machine are told, and chosen here.
    rings: rings.size > MOST_FILTERED ? [] : [...rings.keys()],
    events: events.map((format) => ({
      name: format.name,
      // Whose a new ring is can be told by who creates it alone.
      filtered: isOfRing(format) && EVENT_KINDS.get(format.name) !== 'create',
      ...(EVENT_KINDS.get(format.name) === 'submit' ? { stacks: true } : {}),
    })),
    ...(stackBytes === 0 ? {} : { stacks: { bytes: stackBytes, kilobytes: stackKilobytes, every: 1 } }),
  });
  if (!isTraced(started)) throw traceRefused(started.errno, target);
  const first = await tracing.drain();
  if (!isTraced(first)) {
    await tracing.stop();
    throw traceRefused(first.errno, target);
  }
  const threads =
    submitters || rings.size > MOST_FILTERED ? undefined : new Set(await threadsOf(target, pid));
  if (threads) await tracing.follow?.([...rings.keys()], [...threads]);
  const known = new Map([...rings].map(([address, fd]) => [Number(address & LOW_48), fd]));
  const record = new TraceRecord(newFastHistogram);
  const reader = new TraceReader({
    newHistogram,
    onCompleted: (life) => record.add(life),
    onFolded: (row) => record.addFolded(row),
    formats,
    page,
    arch: target.arch,
    origin: first.began,
    rings: known,
    ...(submitters ? { submitters } : {}),
    ...(threads ? { threads } : {}),
  });
  reader.take(first);
  const { refused, stacksRefused, instance } = started;
  const notTraced = [
    ...missingEvents(formats, refused),
    ...(stacksRefused === undefined ? [] : [`where requests are submitted (${stacksRefused})`]),
    ...(submitters ? ['requests that a kernel thread (SQPOLL) submits'] : []),
  ];
  return new RunningTrace(
    target,
    tracing,
    reader,
    record,
    `${place}/instances/${instance}`,
    options.interval ?? INTERVAL,
    notTraced,
    first.began,
    { pid, name: '', command: [] },
    threads,
    new ReapLooks(target, pid, rings.size > 0 ? rings.values() : ringFds),
  );
}

function missingEvents(formats: readonly EventFormat[], refused: ReadonlyMap<string, string>): string[] {
  const kinds = new Set(
    formats.filter(({ name }) => !refused.has(name)).map(({ name }) => EVENT_KINDS.get(name)),
  );
  const missing = [...FOLLOWED].filter((kind) => !kinds.has(kind));
  return missing.map((kind) => `events of the kind ${kind}, which this kernel does not have`);
}
