import type { TraceStatus } from '../model/traceDetails';
import type { Target } from '../target/target';
import type { TraceReader } from '../trace/traceReader';

interface Mark {
  readonly at: number;
  readonly events: number;
  readonly submitted: number;
  readonly completed: number;
  readonly own: number;
  readonly probe: number | undefined;
}

/** How fast a trace goes, and what it costs. */
export class TracePace {
  /** Milliseconds that taking in what was drained has taken here. */
  private own = 0;
  private last: Mark;

  constructor(
    private readonly target: Pick<Target, 'processor'>,
    private readonly reader: TraceReader,
  ) {
    this.last = this.mark();
  }

  /** Runs work of the trace, which counts as its cost. */
  spend(work: () => void): void {
    const begun = performance.now();
    work();
    this.own += performance.now() - begun;
  }

  /** Rates are since the last call; `seconds` since it began. */
  status(seconds: number): TraceStatus {
    const { last } = this;
    const now = this.mark();
    this.last = now;
    const span = Math.max(1, now.at - last.at);
    const rate = (count: (mark: Mark) => number) => ((count(now) - count(last)) / span) * 1000;
    const probe = now.probe === undefined || last.probe === undefined ? undefined : now.probe - last.probe;
    return {
      seconds,
      events: rate(({ events }) => events),
      submitted: rate(({ submitted }) => submitted),
      completed: rate(({ completed }) => completed),
      lostEvents: this.reader.lostSeen,
      lostStacks: this.reader.lostStacks,
      own: (now.own - last.own) / span,
      ...(probe === undefined ? {} : { probe: Math.max(0, probe) / span }),
    };
  }

  private mark(): Mark {
    const { events, counts } = this.reader;
    return { at: performance.now(), events, ...counts, own: this.own, probe: this.target.processor };
  }
}
