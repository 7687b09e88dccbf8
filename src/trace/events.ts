import type { EventField, EventFormat } from './format';

/** What an event is about, whatever the kernel's version calls it. */
export type EventKind =
  | 'create'
  | 'register'
  | 'file_get'
  | 'submit'
  | 'queue_async_work'
  | 'defer'
  | 'link'
  | 'cqring_wait'
  | 'fail_link'
  | 'complete'
  | 'poll_arm'
  | 'task_add'
  | 'req_failed'
  | 'cqe_overflow'
  | 'task_work_run'
  | 'short_write'
  | 'local_work_run';

/**
 * One event. Addresses are their lower 48 bits, which tell kernel addresses apart; 0 = the record has none. All have the same
 * fields: there may be a million a second.
 */
export interface RingEvent {
  readonly kind: EventKind;
  /** Nanoseconds after the origin of the trace. */
  readonly time: number;
  /** Tid of the thread it happened in, as the kernel's outermost namespace numbers it. */
  readonly tid: number;
  readonly ring: number;
  readonly request: number;
  readonly userDataLow: number;
  readonly userDataHigh: number;
  /** −1 = not told. */
  readonly opcode: number;
  /** Of a submit the request's (IOSQE_ and REQ_F_), of a completion the CQE's. */
  readonly flags: number;
  /** complete, cqe_overflow: res; file_get, create: fd; req_failed: errno; cqring_wait: how many it waits for; …_work_run: how many; submit: 1 by a SQPOLL thread. */
  readonly value: number;
}

/** Events and the kinds they are, by kernel: submit_sqe up to 6.3, submit_req since. */
export const EVENT_KINDS: ReadonlyMap<string, EventKind> = new Map([
  ['io_uring_create', 'create'],
  ['io_uring_register', 'register'],
  ['io_uring_file_get', 'file_get'],
  ['io_uring_submit_sqe', 'submit'],
  ['io_uring_submit_req', 'submit'],
  ['io_uring_queue_async_work', 'queue_async_work'],
  ['io_uring_defer', 'defer'],
  ['io_uring_link', 'link'],
  ['io_uring_cqring_wait', 'cqring_wait'],
  ['io_uring_fail_link', 'fail_link'],
  ['io_uring_complete', 'complete'],
  ['io_uring_poll_arm', 'poll_arm'],
  ['io_uring_task_add', 'task_add'],
  ['io_uring_req_failed', 'req_failed'],
  ['io_uring_cqe_overflow', 'cqe_overflow'],
  ['io_uring_task_work_run', 'task_work_run'],
  ['io_uring_short_write', 'short_write'],
  ['io_uring_local_work_run', 'local_work_run'],
]);

/** Names that a field has had. */
const NAMES = {
  ring: ['ctx'],
  request: ['req', 'request'],
  userData: ['user_data', 'data'],
  opcode: ['opcode'],
  flags: ['flags', 'cflags'],
  value: ['res', 'fd', 'error', 'min_events', 'count', 'sq_thread'],
} as const;

/** Where a field stands in the records of an event, whatever its name. */
export function fieldOf({ fields }: EventFormat, field: keyof typeof NAMES): EventField | undefined {
  return NAMES[field].map((name) => fields.get(name)).find((found) => found !== undefined);
}

/** Makes events of the records of one kernel. */
export class EventDecoder {
  private readonly readers = new Map<
    number,
    (page: Buffer, time: number, at: number, end: number) => RingEvent
  >();
  private readonly byKind = new Map<EventKind, EventFormat>();

  constructor(formats: readonly EventFormat[]) {
    for (const format of formats) {
      const kind = EVENT_KINDS.get(format.name);
      if (kind === undefined) continue;
      this.readers.set(format.id, readerOf(kind, format));
      this.byKind.set(kind, format);
    }
  }

  /** Undefined for a record of another event. */
  decode(page: Buffer, time: number, at: number, end: number): RingEvent | undefined {
    if (at + 2 > end || end > page.length) return undefined;
    return this.readers.get(page.readUInt16LE(at))?.(page, time, at, end);
  }

  /** Whether the kernel tells of such events which request they are about. */
  namesRequest(kind: EventKind): boolean {
    const fields = this.byKind.get(kind)?.fields;
    return NAMES.request.some((name) => fields?.has(name) === true);
  }
}

/** Whether events of this format can be filtered by their ring. */
export function isOfRing({ fields }: EventFormat): boolean {
  return fields.has('ctx');
}

function readerOf(kind: EventKind, { fields }: EventFormat) {
  const place = (names: readonly string[]): EventField | undefined =>
    names.map((name) => fields.get(name)).find((field) => field !== undefined);
  const tid = place(['common_pid']);
  const ring = place(NAMES.ring);
  const request = place(NAMES.request);
  const userData = place(NAMES.userData);
  const opcode = kind === 'register' ? undefined : place(NAMES.opcode);
  const flags = place(NAMES.flags);
  const value = place(NAMES.value);
  return (page: Buffer, time: number, at: number, end: number): RingEvent => ({
    kind,
    time,
    tid: numberAt(page, at, end, tid),
    ring: addressAt(page, at, end, ring),
    request: addressAt(page, at, end, request),
    userDataLow: wordAt(page, at, end, userData, 0),
    userDataHigh: wordAt(page, at, end, userData, 4),
    opcode: opcode ? numberAt(page, at, end, opcode) : -1,
    flags: flags ? wordAt(page, at, end, flags, 0) : 0,
    value: value ? numberAt(page, at, end, value) : 0,
  });
}

function addressAt(page: Buffer, at: number, end: number, field: EventField | undefined): number {
  if (field?.size !== 8 || at + field.offset + 8 > end) return 0;
  return page.readUIntLE(at + field.offset, 6);
}

/** Four bytes of a field of up to eight. */
function wordAt(page: Buffer, at: number, end: number, field: EventField | undefined, from: number): number {
  if (!field || from >= field.size || at + field.offset + field.size > end) return 0;
  return field.size < 4
    ? page.readUIntLE(at + field.offset, field.size)
    : page.readUInt32LE(at + field.offset + from);
}

function numberAt(page: Buffer, at: number, end: number, field: EventField | undefined): number {
  if (!field || at + field.offset + field.size > end) return 0;
  const from = at + field.offset;
  switch (field.size) {
    case 1:
      return page.readUInt8(from);
    case 2:
      return page.readUInt16LE(from);
    case 4:
      return field.signed ? page.readInt32LE(from) : page.readUInt32LE(from);
    default:
      return field.size === 8 ? page.readIntLE(from, 6) : 0;
  }
}

export function userDataOf({
  userDataLow,
  userDataHigh,
}: Pick<RingEvent, 'userDataLow' | 'userDataHigh'>): string {
  const low = userDataLow.toString(16);
  return userDataHigh === 0 ? `0x${low}` : `0x${userDataHigh.toString(16)}${low.padStart(8, '0')}`;
}
