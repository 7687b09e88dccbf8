import { inFlight, uncollected } from '../explain/ringCounts';
import type { DevicePoint, HistoryPoint, RingPoint, WorkerPoint } from '../model/history';
import type { BlockDevice, Request, RequestState, Ring, Sample } from '../model/sample';
import type { Counters } from '../sample/counters';
import { IN_FLIGHT } from '../sample/requests/counts';
import { asleepBetween, countersSpan, LEAST_SPAN, perSecond, sameRing } from '../sample/ringRates';

/** Where something waits for the kernel or for somebody else, not for the program itself. */
const PENDING: ReadonlySet<RequestState> = new Set<RequestState>([
  'running',
  'queued',
  'polling',
  'waiting',
  'issued',
  'linked',
  'drained',
]);

/**
 * What a Sample says in numbers; `previous` = the look before, `cost` = seconds that this one took, `since` = counters that were read
 * between the two, which may not have all.
 */
export function measured(sample: Sample, previous?: Counters, cost?: number, since = previous): HistoryPoint {
  const before = since && isSame(sample, since) ? since : undefined;
  const look = previous && isSame(sample, previous) ? previous : undefined;
  const span = spanOf(sample, before);
  const ages = sample.requests.filter(({ state }) => PENDING.has(state)).flatMap(ageOf);
  const pressure = pressureOf(sample, before, span);
  return awake({
    at: Date.parse(sample.takenAt),
    span,
    ...asleepOver(sample, before, span),
    rings: ringPoints(sample, before, look),
    ...(ages.length > 0 ? { oldest: ages.reduce((a, b) => Math.max(a, b)) } : {}),
    stuck: sample.findings.reduce((sum, { stuck = 0 }) => sum + stuck, 0),
    workers: workersOf(sample),
    devices: (sample.devices ?? []).map((device) => deviceOf(device, before, span)),
    ...(pressure ? { pressure } : {}),
    ...(cost === undefined ? {} : { cost }),
  });
}

/** What counters say after a point, of a look or of counters; undefined where they are not of the same process, or too soon. */
export function counted(now: Counters, before: Counters, last: HistoryPoint): HistoryPoint | undefined {
  const span = spanOf(now, before);
  if (!isSame(now, before) || span < LEAST_SPAN) return undefined;
  const { oldest, stuck, workers } = last;
  const pressure = pressureOf(now, before, span);
  return awake({
    at: Date.parse(now.takenAt),
    span,
    ...asleepOver(now, before, span),
    counted: true,
    rings: now.rings.map((ring) => {
      const { states = {}, sqpollBusy } = last.rings.find(({ id }) => id === ring.id) ?? {};
      const point = ringPoint(ring, sameRing(ring, before), countersSpan(now, before), states);
      return sqpollBusy === undefined ? point : { ...point, sqpollBusy };
    }),
    ...(oldest === undefined ? {} : { oldest }),
    stuck,
    workers,
    devices: (now.devices ?? []).map((device) => deviceOf(device, before, span)),
    ...(pressure ? { pressure } : {}),
  });
}

function isSame(a: Counters, b: Counters): boolean {
  return a.process.pid === b.process.pid && a.process.startTime === b.process.startTime;
}

/** By the host's seconds since boot, which no setting of its clock moves. */
function spanOf({ host }: Counters, before: Counters | undefined): number {
  const [now, then] = [host.uptime, before?.host.uptime];
  return now === undefined || then === undefined ? 0 : Math.max(0, now - then);
}

function asleepOver(now: Counters, before: Counters | undefined, span: number): { asleep?: number } {
  const asleep = before && asleepBetween(now, before, span);
  return asleep === undefined ? {} : { asleep };
}

/** Nothing goes on in a host that is suspended: a rate over that time is none of its programs'. */
function awake(point: HistoryPoint): HistoryPoint {
  if (point.asleep === undefined) return point;
  const { pressure: _, ...rest } = point;
  return {
    ...rest,
    rings: point.rings.map(({ submitted: _s, completed: _c, sqpollBusy: _b, ...ring }) => ring),
    devices: point.devices.map(({ name, inFlight }) => ({ name, inFlight })),
  };
}

function ageOf({ age, seen }: Request): number[] {
  return age === undefined && seen === undefined ? [] : [Math.max(age ?? 0, seen ?? 0)];
}

function ringPoints(sample: Sample, before: Counters | undefined, look: Counters | undefined): RingPoint[] {
  const { rings, requests } = sample;
  const rows = new Map<number | null, Request[]>();
  for (const request of requests) {
    const own = rows.get(request.ring);
    if (own) own.push(request);
    else rows.set(request.ring, [request]);
  }
  return rings.map((ring) => {
    const then = sameRing(ring, before);
    const from = then ? before : look;
    const span = from ? countersSpan(sample, from) : 0;
    const states = statesOf(rows.get(ring.id) ?? [], inFlight(ring));
    const point = ringPoint(ring, then ?? sameRing(ring, look), span, states);
    const sqpollBusy = look && busyShare(ring, sameRing(ring, look), countersSpan(sample, look));
    return sqpollBusy === undefined ? point : { ...point, sqpollBusy };
  });
}

/**
 * How many stand where; `count` = in flight. Rows in doubt are more than are in flight where only memory tells of a busy ring: each
 * may have ended. Of those only as many count as there can be, and none where it is not known which.
 */
function statesOf(rows: readonly Request[], count = Number.POSITIVE_INFINITY): RingPoint['states'] {
  const sure: Partial<Record<RequestState, number>> = {};
  const doubtful: Partial<Record<RequestState, number>> = {};
  let [listed, doubts] = [0, 0];
  for (const { state, certainty } of rows) {
    const pending = IN_FLIGHT.has(state);
    const into = pending && certainty === 'ambiguous' ? doubtful : sure;
    into[state] = (into[state] ?? 0) + 1;
    if (into === doubtful) doubts++;
    else if (pending) listed++;
  }
  const room = Math.max(0, count - listed);
  const states = Object.keys(doubtful) as RequestState[];
  if (doubts > room && states.length > 1) return sure;
  for (const state of states) sure[state] = (sure[state] ?? 0) + Math.min(room, doubtful[state] ?? 0);
  return sure;
}

function ringPoint(ring: Ring, then: Ring | undefined, span: number, states: RingPoint['states']): RingPoint {
  const count = inFlight(ring);
  const submitted = perSecond(ring.sqHead, then?.sqHead, span);
  const completed = perSecond(ring.cqTail, then?.cqTail, span);
  return {
    id: ring.id,
    ...(count === undefined ? {} : { inFlight: count }),
    states,
    ...(submitted === undefined ? {} : { submitted }),
    ...(completed === undefined ? {} : { completed }),
    unreaped: uncollected(ring),
    overflowed: ring.overflowed ?? 0,
  };
}

/** Of the time between two looks; SqTotalTime is but the time for which the thread ran: while it sleeps it stands. */
function busyShare(ring: Ring, then: Ring | undefined, span: number): number | undefined {
  const worked = (ring.sqpollWorkTime ?? Number.NaN) - (then?.sqpollWorkTime ?? Number.NaN);
  return worked >= 0 && span >= LEAST_SPAN ? Math.min(1, worked / 1e6 / span) : undefined;
}

function workersOf({ tasks, workerPools }: Sample): WorkerPoint {
  const workers = tasks.filter(({ kind }) => kind === 'worker');
  const busy = workers.filter(({ operation, blockedOn, state }) => {
    return operation !== undefined || state === 'R' || (blockedOn !== undefined && blockedOn.idle !== true);
  });
  const limit = workerPools?.reduce((sum, { bounded, unbounded }) => {
    const unboundedUsed = unbounded.workers > 0 ? unbounded.workers : 0;
    return sum + bounded.limit + unboundedUsed;
  }, 0);
  return { busy: busy.length, all: workers.length, ...(limit === undefined ? {} : { limit }) };
}

function deviceOf(device: BlockDevice, before: Counters | undefined, span: number): DevicePoint {
  const then = before?.devices?.find(({ name }) => name === device.name);
  const { completed } = device;
  const rate =
    completed === undefined ||
    then?.completed === undefined ||
    span < LEAST_SPAN ||
    completed < then.completed
      ? undefined
      : (completed - then.completed) / span;
  return {
    name: device.name,
    inFlight: (device.inFlightReads ?? 0) + (device.inFlightWrites ?? 0),
    ...(rate === undefined ? {} : { completed: rate }),
  };
}

function pressureOf(
  { host }: Counters,
  before: Counters | undefined,
  span: number,
): HistoryPoint['pressure'] {
  const [now, then] = [host.ioPressure, before?.host.ioPressure];
  if (!now || !then || span < LEAST_SPAN) return undefined;
  const share = (a: number, b: number) => Math.min(1, Math.max(0, (a - b) / 1e6 / span));
  const full = now.full === undefined || then.full === undefined ? {} : { full: share(now.full, then.full) };
  return { some: share(now.some, then.some), ...full };
}
