import type { DebugProtocol } from '@vscode/debugprotocol';
import { requestId } from '../explain/requestId';
import { isInFlight } from '../explain/requestStates';
import { counted, duration, ringName } from '../explain/words';
import { busyPools, isExhausted, poolText } from '../explain/workers';
import { printable } from '../model/printable';
import type { Request, Ring, Sample, Severity } from '../model/sample';
import { findingChanges } from './findingChanges';
import { requestName } from './requestLine';
import { findingLine } from './sessionWords';

/** Why the view has stopped. */
export interface Occurrence {
  readonly filter: string;
  /** One sentence. */
  readonly what: string;
  /** The same in the few words that stand beside a thread. */
  readonly brief: string;
  /** More of it, a line each. */
  readonly details: readonly string[];
  /** The task or the ring to show. */
  readonly at?: { readonly task: number } | { readonly ring: Ring['id'] };
}

/** Tells of each look what is new in it. */
interface Watch {
  /** The first look is one to compare with: what stands in it already is no occurrence unless `tellsFirst`. */
  look(now: Sample, before: Sample | undefined): Occurrence | undefined;
}

interface Filter {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  /** What a condition is, for people; absent = it has none. */
  readonly condition?: string;
  /** A text = what is wrong with the condition. */
  watch(condition: string): Watch | string;
}

const DEFAULT_SECONDS = 10;
const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];

const FILTERS: readonly Filter[] = [
  {
    id: 'pending-longer',
    label: 'A request is pending for long',
    description:
      'Stops the view, never the process, when a request has been pending longer than the seconds of the condition.',
    condition: `Seconds, ${DEFAULT_SECONDS} where nothing is given`,
    watch(condition) {
      const seconds = condition === '' ? DEFAULT_SECONDS : Number(condition.replace(/\s*s$/, ''));
      return Number.isFinite(seconds) && seconds > 0
        ? new PendingLonger(seconds)
        : `“${printable(condition, 40)}” is no number of seconds: write 10, or 0.5.`;
    },
  },
  {
    id: 'cq-overflow',
    label: 'Completion queue overflow',
    description: 'Stops the view when completions no longer fit into a ring’s queue.',
    watch: () => new Beginning(overflows),
  },
  {
    id: 'workers-exhausted',
    label: 'Workers exhausted',
    description: 'Stops the view when no io-wq worker is free and requests wait for one.',
    watch: () => new Beginning(exhausted),
  },
  {
    id: 'new-finding',
    label: 'New finding',
    description: 'Stops the view when something new is found to be wrong.',
    condition: `Least severity (${SEVERITIES.join(', ')}; warning where nothing is given), or the tag of a finding`,
    watch(condition) {
      const wanted = condition === '' ? 'warning' : condition;
      if (!/^[a-z-]+$/.test(wanted))
        return `“${printable(condition, 40)}” is neither a severity (${SEVERITIES.join(', ')}) nor the tag of a finding.`;
      return new NewFinding(wanted);
    },
  },
];

/** As the capabilities list them. */
export const FILTER_LIST: DebugProtocol.ExceptionBreakpointsFilter[] = FILTERS.map(
  ({ id, label, description, condition }) => ({
    filter: id,
    label,
    description,
    default: false,
    supportsCondition: condition !== undefined,
    ...(condition === undefined ? {} : { conditionDescription: condition }),
  }),
);

/** The filters that a client has switched on. */
export class Filters {
  private watches: readonly { readonly key: string; readonly watch: Watch }[] = [];

  /** Those that are set already with the same condition go on as they are. Answers for each whether it is. */
  set(args: Partial<DebugProtocol.SetExceptionBreakpointsArguments>): DebugProtocol.Breakpoint[] {
    const asked = [
      ...listOf(args.filters).map((filterId) => ({ filterId, condition: '' })),
      ...listOf(args.filterOptions).map((option) => ({ filterId: '', condition: '', ...Object(option) })),
    ];
    const before = new Map(this.watches.map((one) => [one.key, one]));
    const set: { readonly key: string; readonly watch: Watch }[] = [];
    const answers = asked.map(({ filterId, condition }): DebugProtocol.Breakpoint => {
      const filter = FILTERS.find(({ id }) => id === filterId);
      if (!filter)
        return { verified: false, message: `There is no filter “${printable(String(filterId), 40)}”.` };
      const text = typeof condition === 'string' ? condition.trim() : '';
      const key = `${filter.id} ${text}`;
      const watch = before.get(key)?.watch ?? filter.watch(text);
      if (typeof watch === 'string') return { verified: false, message: watch };
      set.push({ key, watch });
      return { verified: true };
    });
    this.watches = set;
    return answers;
  }

  /** The first new occurrence; all are taken note of, so that each is told once. */
  look(now: Sample, before: Sample | undefined): Occurrence | undefined {
    const found = this.watches.map(({ watch }) => watch.look(now, before));
    return found.find((one) => one !== undefined);
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Requests named in the details. */
const MOST_NAMED = 5;

class PendingLonger implements Watch {
  /** When each was first seen, in seconds since the host's boot, for requests of which no age is known. */
  private seen = new Map<string, number>();
  private told = new Set<string>();

  constructor(private readonly seconds: number) {}

  look(now: Sample): Occurrence | undefined {
    const at = now.host.uptime ?? Date.parse(now.takenAt) / 1000;
    const seen = new Map<string, number>();
    const told = new Set<string>();
    const long: (readonly [Request, number])[] = [];
    for (const request of now.requests) {
      if (!isInFlight(request)) continue;
      const key = requestId(request);
      const since = this.seen.get(key) ?? at;
      seen.set(key, since);
      const age = request.age ?? at - since;
      if (age <= this.seconds) continue;
      if (!this.told.has(key)) long.push([request, age]);
      told.add(key);
    }
    this.seen = seen;
    this.told = told;
    return long.length === 0 ? undefined : this.occurrence(long, now);
  }

  private occurrence(long: readonly (readonly [Request, number])[], sample: Sample): Occurrence {
    const [[oldest, age] = [undefined, 0]] = [...long].sort(([, a], [, b]) => b - a);
    const worker = oldest?.worker;
    const ring = oldest?.ring ?? undefined;
    const are = long.length === 1 ? 'is' : 'are';
    return {
      filter: 'pending-longer',
      brief: `Pending > ${duration(this.seconds)}`,
      what: `${counted(long.length, 'request')} ${are} pending for more than ${duration(this.seconds)}; the oldest for ${duration(age)}.`,
      details: long
        .slice(0, MOST_NAMED)
        .map(([request, seconds]) => `${requestName(request, sample)}: ${duration(seconds)}`),
      ...(worker !== undefined ? { at: { task: worker } } : ring !== undefined ? { at: { ring } } : {}),
    };
  }
}

type Place = Pick<Occurrence, 'filter' | 'what' | 'brief' | 'at'> & { readonly key: string };

/** Tells what holds now and did not at the look before; also what holds at the first. */
class Beginning implements Watch {
  private held: ReadonlySet<string> = new Set();

  constructor(private readonly places: (sample: Sample) => readonly Place[]) {}

  look(now: Sample): Occurrence | undefined {
    const places = this.places(now);
    const begun = places.filter(({ key }) => !this.held.has(key));
    this.held = new Set(places.map(({ key }) => key));
    const [first] = begun;
    if (!first) return undefined;
    const { key: _, ...rest } = first;
    return { ...rest, details: begun.map(({ what }) => what) };
  }
}

function overflows({ rings }: Sample): readonly Place[] {
  return rings.flatMap((ring) =>
    ring.overflowed
      ? [
          {
            key: String(ring.inode ?? ring.fd ?? ring.id),
            filter: 'cq-overflow',
            brief: 'CQ overflow',
            what: `${counted(ring.overflowed, 'completion')} of ${ringName(ring)} did not fit into its queue.`,
            at: { ring: ring.id },
          },
        ]
      : [],
  );
}

function exhausted(sample: Sample): readonly Place[] {
  const filter = 'workers-exhausted';
  const brief = 'No worker free';
  const pools = busyPools(sample).filter(
    ({ bounded, unbounded }) => isExhausted(bounded) || isExhausted(unbounded),
  );
  const told = pools.map(
    (pool): Place => ({
      key: String(pool.tid),
      filter,
      brief,
      what: `No io-wq worker of thread ${pool.tid} is free: ${poolText(pool)}.`,
      at: { task: pool.tid },
    }),
  );
  if (told.length > 0) return told;
  // Where the kernel's memory is not read, a rule may tell it all the same.
  return sample.findings.flatMap(({ tag, summary, evidence }) => {
    const task = evidence.find((one) => 'task' in one);
    return tag === filter ? [{ key: tag, filter, brief, what: summary, ...(task ? { at: task } : {}) }] : [];
  });
}

class NewFinding implements Watch {
  constructor(private readonly wanted: string) {}

  look(now: Sample, before: Sample | undefined): Occurrence | undefined {
    const least = SEVERITIES.map(String).indexOf(this.wanted);
    const { come } = before ? findingChanges(before, now) : { come: [] };
    const fitting = come.filter(({ tag, severity }) =>
      least < 0 ? tag === this.wanted : SEVERITIES.indexOf(severity) >= least,
    );
    const [first] = fitting;
    if (!first) return undefined;
    const place = first.evidence.find((one) => 'task' in one || 'ring' in one);
    return {
      filter: 'new-finding',
      brief: 'New finding',
      what: printable(first.summary, 1000),
      details: fitting.flatMap((finding) => [findingLine(finding), printable(finding.remedy, 1000)]),
      ...(place && ('task' in place || 'ring' in place) ? { at: place } : {}),
    };
  }
}
