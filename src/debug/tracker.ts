import { type Fields, fieldsOf, idOf, textOf } from './trackerMessage';
import { configuredPid, namedPid, type SessionFacts, tidsOf, toldPid } from './trackerPid';
import { type DebuggeePlace, placeOf } from './trackerPlace';

/** starting = nothing has been heard of it; ended = the adapter has said so. */
export type Run = 'starting' | 'running' | 'stopped' | 'ended';

/** What a debug session tells of the process it debugs. */
export interface Debuggee {
  /** As the debugger counts it; undefined = not told yet, `tids` may lead to it. */
  readonly pid: number | undefined;
  /** Thread ids of the kernel's that are its. */
  readonly tids: readonly number[];
  readonly place: DebuggeePlace;
  readonly run: Run;
  /** Why it stands: `breakpoint`, `step`, `pause`, … and the thread that is why. */
  readonly stop?: { readonly reason: string; readonly thread?: number };
  /** What the `process` event calls it. */
  readonly name?: string;
  /** The debugger's threads: its number and its name for each. */
  readonly threads: ReadonlyMap<number, string>;
}

/** Requests after which a thread runs. */
const GOES_ON = new Set(['continue', 'next', 'stepIn', 'stepOut', 'stepBack', 'reverseContinue']);

interface Resuming {
  readonly thread: number | undefined;
  readonly single: boolean;
  /** Stops seen when it was asked. */
  readonly stops: number;
}

/** Most threads that are remembered. */
const MOST_THREADS = 20_000;

/** Hears what a session's adapter and client say, and knows from it the process, whether it runs, and its threads. */
export class DebuggeeTracker {
  private told: number | undefined;
  private printed: number | undefined;
  private calledBy: string | undefined;
  private isLocal = true;
  private run: Run = 'starting';
  private stop: Debuggee['stop'];
  private stops = 0;
  /** Those that stand still; undefined = all. */
  private standing: Set<number> | undefined = new Set();
  private threads: ReadonlyMap<number, string> = new Map();
  private readonly resuming = new Map<number, Resuming>();
  private readonly configured: number | undefined;
  private readonly named: number | undefined;
  private readonly place: DebuggeePlace;

  constructor(private readonly facts: SessionFacts) {
    this.configured = configuredPid(facts);
    this.named = namedPid(facts);
    this.place = placeOf(facts.configuration);
  }

  get debuggee(): Debuggee {
    const { place, run, stop, threads } = this;
    const elsewhere = place.elsewhere ?? (this.isLocal ? undefined : { name: 'another machine' });
    return {
      pid: this.told ?? this.printed ?? this.configured ?? this.named,
      tids: tidsOf(this.facts.type, threads),
      place: elsewhere ? { ...place, elsewhere } : place,
      run,
      threads,
      ...(stop && run === 'stopped' ? { stop } : {}),
      ...(this.calledBy === undefined ? {} : { name: this.calledBy }),
    };
  }

  /** What the client sends to the adapter; true = something is known that was not. */
  sent(message: unknown): boolean {
    const { type, command, seq, arguments: given } = fieldsOf(message);
    if (type !== 'request' || typeof seq !== 'number' || typeof command !== 'string') return false;
    const { threadId, singleThread } = fieldsOf(given);
    if (GOES_ON.has(command))
      this.resuming.set(seq, { thread: idOf(threadId), single: singleThread === true, stops: this.stops });
    if (command !== 'restart') return false;
    this.told = undefined;
    this.printed = undefined;
    this.run = 'starting';
    return true;
  }

  /** What the adapter sends; true = something is known that was not. */
  received(message: unknown): boolean {
    const fields = fieldsOf(message);
    if (fields['type'] === 'event')
      return this.event(textOf(fields['event']) ?? '', fieldsOf(fields['body']));
    if (fields['type'] !== 'response') return false;
    const seq = fields['request_seq'];
    const resumed = typeof seq === 'number' ? this.resuming.get(seq) : undefined;
    if (resumed) this.resuming.delete(seq as number);
    if (fields['success'] !== true) return false;
    const body = fieldsOf(fields['body']);
    if (fields['command'] === 'threads') return this.listed(body['threads']);
    // A stop that came before the answer is a later one.
    if (!resumed || resumed.stops !== this.stops) return false;
    const all = !resumed.single && body['allThreadsContinued'] !== false;
    return this.goesOn(all ? undefined : resumed.thread);
  }

  private event(event: string, body: Fields): boolean {
    switch (event) {
      case 'process':
        return this.process(body);
      case 'output': {
        const printed = toldPid(body);
        if (printed === undefined || printed === this.printed) return false;
        this.printed = printed;
        this.begins();
        return true;
      }
      case 'stopped':
        return this.stopped(body);
      case 'continued':
        return this.goesOn(body['allThreadsContinued'] === true ? undefined : idOf(body['threadId']));
      case 'thread':
        this.begins();
        return this.thread(body);
      case 'terminated':
      case 'exited':
        this.run = 'ended';
        return true;
      default:
        return false;
    }
  }

  private process(body: Fields): boolean {
    this.told = idOf(body['systemProcessId']) ?? this.told;
    this.isLocal = body['isLocalProcess'] !== false;
    this.calledBy = textOf(body['name']);
    this.begins();
    return true;
  }

  /** What is heard of it shows that it is there, and runs until it is said to stand. */
  private begins(): void {
    if (this.run === 'starting') this.run = 'running';
  }

  private stopped(body: Fields): boolean {
    const thread = idOf(body['threadId']);
    this.stops += 1;
    if (body['allThreadsStopped'] === true || thread === undefined) this.standing = undefined;
    else this.standing?.add(thread);
    this.run = 'stopped';
    this.stop = {
      reason: textOf(body['reason']) ?? 'stopped',
      ...(thread === undefined ? {} : { thread }),
    };
    return true;
  }

  /** `thread` goes on; undefined = all. */
  private goesOn(thread: number | undefined): boolean {
    if (this.run === 'ended') return false;
    if (thread !== undefined) {
      this.standing ??= new Set(this.threads.keys());
      this.standing.delete(thread);
    }
    if (thread === undefined || this.standing?.size === 0) {
      this.standing = new Set();
      this.run = 'running';
    }
    return true;
  }

  private listed(threads: unknown): boolean {
    if (!Array.isArray(threads)) return false;
    this.threads = new Map(
      threads.slice(0, MOST_THREADS).flatMap((one) => {
        const { id, name } = fieldsOf(one);
        return typeof id === 'number' ? [[id, textOf(name) ?? ''] as const] : [];
      }),
    );
    if (this.threads.size > 0) this.begins();
    return true;
  }

  private thread(body: Fields): boolean {
    const id = body['threadId'];
    if (typeof id !== 'number' || body['reason'] !== 'exited' || !this.threads.has(id)) return false;
    this.threads = new Map([...this.threads].filter(([other]) => other !== id));
    this.standing?.delete(id);
    return true;
  }
}
