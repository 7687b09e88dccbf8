import type { RingEvent } from './events';
import type { StackSample } from './stackSamples';

/** A request from its submit on. Times are nanoseconds after the origin of the trace; NaN = it has not happened. */
export interface Life {
  /** By what it is found while it is open. */
  readonly key: number | string;
  readonly ring: number;
  readonly request: number;
  readonly userDataLow: number;
  readonly userDataHigh: number;
  readonly opcode: number;
  readonly flags: number;
  readonly submitter: number;
  readonly submitted: number;
  /** −1 = none was seen. */
  fd: number;
  punted: number;
  pollArmed: number;
  polls: number;
  deferred: number;
  taskWork: number;
  completed: number;
  result: number;
  /** CQEs it has posted beside the last. */
  further: number;
  stack: StackSample | undefined;
}

export function bornWith(key: Life['key'], event: RingEvent, stack: StackSample | undefined): Life {
  return {
    key,
    ring: event.ring,
    request: event.request,
    userDataLow: event.userDataLow,
    userDataHigh: event.userDataHigh,
    opcode: event.opcode,
    flags: event.flags,
    submitter: event.tid,
    submitted: event.time,
    fd: -1,
    punted: Number.NaN,
    pollArmed: Number.NaN,
    polls: 0,
    deferred: Number.NaN,
    taskWork: Number.NaN,
    completed: Number.NaN,
    result: 0,
    further: 0,
    stack,
  };
}

/** What happens to it between submit and completion. */
export function noteStep(life: Life, { kind, time, value }: RingEvent): void {
  if (kind === 'file_get') life.fd = value;
  else if (kind === 'queue_async_work') life.punted = first(life.punted, time);
  else if (kind === 'defer') life.deferred = first(life.deferred, time);
  else if (kind === 'task_add') life.taskWork = first(life.taskWork, time);
  else if (kind === 'poll_arm') {
    life.polls++;
    life.pollArmed = first(life.pollArmed, time);
  }
}

const first = (known: number, time: number): number => (Number.isNaN(known) ? time : known);
