import { aioFacts } from '../explain/aio';
import { gravestOf, severityOf } from '../explain/blame';
import { inFlight } from '../explain/ringCounts';
import { indexOf } from '../explain/sampleIndex';
import { counted, grouped, ringName } from '../explain/words';
import { printable } from '../model/printable';
import type { Ring, Sample, Task } from '../model/sample';
import { unshowableText } from './errors';
import { aioStack, ringStack } from './ringStack';
import { type Stack, stackOf } from './stack';
import { taskStack } from './taskStack';
import type { ThreadIds } from './threadIds';

/** A row of the call stack view: a task, or a ring whose stack is what is pending. */
export interface Thread {
  readonly id: number;
  readonly name: string;
  /** A finding says that it, or what is pending there, is stuck. */
  readonly stuck: boolean;
  stack(): Stack;
}

/** The rings first: they are what the session is about, and there are few. */
export function threadsOf(sample: Sample, ids: ThreadIds): readonly Thread[] {
  const astray = indexOf(sample).requests.get(null)?.length ?? 0;
  return [
    ...sample.rings.map((ring) => shownOrNot(ids.ofRing(ring), () => ringThread(ring, sample, ids))),
    ...(astray > 0
      ? [
          {
            id: ids.astray,
            name: `${counted(astray, 'request')} of a ring not known`,
            stuck: false,
            stack: () => ringStack(null, sample),
          },
        ]
      : []),
    ...(sample.aio ?? []).map((context) =>
      shownOrNot(ids.ofAio(context), () => ({
        id: ids.ofAio(context),
        name: printable(`Linux AIO context ${context.id} · ${aioFacts(context).join(' · ')}`, 200),
        stuck: false,
        stack: () => aioStack(context, sample),
      })),
    ),
    ...sample.tasks.map((task) => shownOrNot(task.tid, () => taskThread(task, sample))),
  ];
}

/** A saved Sample may hold what no look finds: the thread's name says so then. */
function shownOrNot(id: number, make: () => Thread): Thread {
  try {
    return make();
  } catch (error) {
    return { id, name: `${id} · ${unshowableText(error)}`, stuck: false, stack: () => stackOf([]) };
  }
}

function ringThread(ring: Ring, sample: Sample, ids: ThreadIds): Thread {
  const pending = inFlight(ring);
  const requests = indexOf(sample).requests.get(ring.id) ?? [];
  const stuck =
    gravestOf(requests, sample) === 'critical' ||
    sample.findings.some(
      ({ severity, evidence }) =>
        severity === 'critical' && evidence.some((one) => 'ring' in one && one.ring === ring.id),
    );
  const count = pending === undefined ? 'no counters' : `${grouped(pending)} in flight`;
  return {
    id: ids.ofRing(ring),
    name: `${ringName(ring)} · ${stuck ? 'STUCK: ' : ''}${count}`,
    stuck,
    stack: () => ringStack(ring, sample),
  };
}

const KINDS: Readonly<Record<string, string>> = {
  worker: 'io-wq worker',
  sqpoll: 'SQPOLL thread',
};

/** No durations: a name that changes at every look cannot be followed. */
function taskThread(task: Task, sample: Sample): Thread {
  const { tid, kind, name, state, blockedOn } = task;
  const stuck = severityOf(task, sample) === 'critical';
  const who = [KINDS[kind], `${printable(name, 64)} (${tid})`].filter(Boolean).join(' ');
  const doing = blockedOn ? printable(blockedOn.text, 160) : (STATES[state] ?? '');
  return {
    id: tid,
    name: [who, [stuck ? 'STUCK' : '', doing].filter(Boolean).join(': ')].filter(Boolean).join(' · '),
    stuck,
    stack: () => taskStack(task),
  };
}

const STATES: Readonly<Record<string, string>> = {
  R: 'running',
  S: 'sleeps',
  D: 'in uninterruptible sleep',
  I: 'idle',
  T: 'stopped',
  t: 'stopped by a tracer',
  Z: 'zombie',
  X: 'dead',
};
