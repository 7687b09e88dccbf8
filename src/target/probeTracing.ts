import type { Failure } from '../probe/protocol';
import type { FoldAsked, TraceAsked, TraceDrained, TraceStarted } from '../probe/traceProtocol';
import {
  decodeTraceDrained,
  decodeTraceStarted,
  encodeTraceDrain,
  encodeTraceFollow,
  encodeTraceStart,
  encodeTraceStop,
} from '../probe/traceWire';
import { LIMIT_MAX, WireError } from '../probe/wire';
import type { Ask } from './joiner';
import type { Tracing } from './tracing';

/** Milliseconds: enabling events changes the kernel's code, and removing an instance waits for all processors. */
const DEADLINE = 20_000;

/** What a running probe traces. */
export class ProbeTracing implements Tracing {
  /** `ask` asks items of the verb trace. */
  constructor(private readonly ask: Ask) {}

  async start(asked: TraceAsked): Promise<TraceStarted | Failure> {
    const answer = await this.one(encodeTraceStart(asked), 1 << 16);
    return answer.ok ? decodeTraceStarted(answer.data, asked) : answer;
  }

  async drain(every?: number, fold?: FoldAsked): Promise<TraceDrained | Failure> {
    const answer = await this.one(encodeTraceDrain(every, fold), LIMIT_MAX);
    return answer.ok ? decodeTraceDrained(answer.data, answer.truncated) : answer;
  }

  async follow(rings: readonly bigint[], threads: readonly number[]): Promise<Failure | undefined> {
    const answer = await this.one(encodeTraceFollow(rings, threads), 1 << 16);
    return answer.ok ? undefined : answer;
  }

  async stop(): Promise<Failure | undefined> {
    const answer = await this.one(encodeTraceStop(), 1 << 16);
    return answer.ok ? undefined : answer;
  }

  private async one(body: Buffer, limit: number) {
    const [answer] = await this.ask([body], { limit, deadline: DEADLINE });
    if (!answer) throw new WireError('The probe left a question unanswered.');
    return answer;
  }
}
