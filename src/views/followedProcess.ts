import type { Debuggee } from '../debug/tracker';
import type { FollowedSession } from '../debug/trackerSessions';
import { debuggerThreads } from '../debug/trackerThreads';
import { type HostId, hostKey, LOCAL } from '../inspect/hostId';
import type { Inspected, Inspections } from '../inspect/inspections';
import type { Sample } from '../model/sample';
import type { Dressing, Hindrance } from './followedRows';

/** What following needs of the window. */
export interface Ways {
  /** Whether the user has a connection there: none is made for a session. */
  isConnected(host: HostId): boolean;
  /** The traced process that these threads are of. */
  owner(host: HostId, tids: readonly number[]): Promise<number | undefined>;
  /** After so many milliseconds. */
  later(work: () => void, milliseconds: number): void;
  changed(): void;
}

/** Until what the debugger has just stopped is seen to stand. Milliseconds. */
const SETTLED = 250;

/** Keeps the inspection of the process that the followed session debugs: at most one, and none while nobody sees it. */
export class FollowedProcess {
  private session: FollowedSession | undefined;
  private seen = false;
  private shape = '';
  private hindrance: Hindrance | undefined;
  private readonly owners = new Map<string, number | undefined>();
  private readonly allowed = new Set<string>();

  constructor(
    private readonly inspections: Inspections,
    private readonly ways: Ways,
  ) {
    inspections.onChange(() => this.check());
  }

  /** The session that is followed from now on; `seen` = somebody looks at the view. */
  follow(session: FollowedSession | undefined, seen: boolean): void {
    const before = this.session;
    this.session = session;
    this.seen = seen;
    if (session?.id !== before?.id) this.hindrance = undefined;
    this.update();
    if (!session) this.owners.clear();
    const shape = session ? shapeOf(session.debuggee) : '';
    if (shape === this.shape) return;
    this.shape = shape;
    const { host } = this.inspected ?? {};
    if (host && seen)
      this.ways.later(() => {
        if (this.shape === shape) void this.inspections.refreshAll(host);
      }, SETTLED);
  }

  /** The user wants the way of the configuration to be gone. */
  allow(way: HostId): void {
    this.allowed.add(hostKey(way));
    this.update();
  }

  /** The way that stands open, if the user wants it. */
  get offered(): HostId | undefined {
    return this.hindrance?.kind === 'elsewhere' ? this.hindrance.way : undefined;
  }

  get inspected(): Inspected | undefined {
    return this.inspections.all[0];
  }

  get dressing(): Dressing | undefined {
    if (!this.session) return undefined;
    const { id, debuggee } = this.session;
    const sample = this.inspected?.snapshot.sample;
    const { pid } = this.inspected ?? {};
    const threads =
      sample && pid !== undefined ? debuggerThreads(pid, sample.tasks, debuggee.threads) : NO_THREADS;
    return { session: id, debuggee, threads, ...(this.hindrance ? { hindrance: this.hindrance } : {}) };
  }

  private update(): void {
    const wanted = this.session && this.wanted(this.session);
    const now = this.inspected;
    const same = now?.host && wanted && now.pid === wanted.pid && hostKey(now.host) === hostKey(wanted.host);
    if (now && !same) this.inspections.remove(now.key);
    if (wanted && !same && this.seen) void this.inspections.follow(wanted.pid, { host: wanted.host });
  }

  private wanted({
    id,
    debuggee,
  }: FollowedSession): { readonly host: HostId; readonly pid: number } | undefined {
    const { elsewhere } = debuggee.place;
    const host = elsewhere ? this.wayTo(elsewhere.way) : LOCAL;
    if (!host) {
      this.hindrance = { kind: 'elsewhere', ...elsewhere, name: elsewhere?.name ?? '' };
      return undefined;
    }
    const pid = debuggee.pid ?? this.ownerOf(id, host, debuggee.tids);
    if (pid === undefined) {
      this.hindrance = { kind: 'unknown' };
      return undefined;
    }
    if (this.hindrance?.kind === 'another' && this.hindrance.pid === pid) return undefined;
    this.hindrance = undefined;
    return { host, pid };
  }

  private wayTo(way: HostId | undefined): HostId | undefined {
    return way && (this.allowed.has(hostKey(way)) || this.ways.isConnected(way)) ? way : undefined;
  }

  /** Asked once for the same threads. */
  private ownerOf(id: string, host: HostId, tids: readonly number[]): number | undefined {
    if (tids.length === 0 || !this.seen) return undefined;
    const key = JSON.stringify([id, hostKey(host), tids]);
    if (this.owners.has(key)) return this.owners.get(key);
    this.owners.set(key, undefined);
    void this.ways.owner(host, tids).then(
      (pid) => {
        if (pid === undefined || !this.owners.has(key)) return;
        this.owners.set(key, pid);
        this.update();
        this.ways.changed();
      },
      () => {
        // The row says that it is not known.
      },
    );
    return undefined;
  }

  /** Of a server on the loopback, the pid may be that of another world: the process here is looked at once. */
  private check(): void {
    const { pid, snapshot, key } = this.inspected ?? {};
    const { session } = this;
    if (pid === undefined || key === undefined || !snapshot || !session?.debuggee.place.unsure) return;
    const { sample, problem } = snapshot;
    if (sample ? isMeant(session.debuggee, sample) : !problem) return;
    this.hindrance = { kind: 'another', pid };
    this.inspections.remove(key);
  }
}

const NO_THREADS: ReadonlyMap<number, number> = new Map();

/** It is traced, or runs the program that the debugger names. */
function isMeant({ name }: Debuggee, { process }: Sample): boolean {
  if (process.tracer !== undefined) return true;
  const base = name?.replace(/^.*[\\/]/, '');
  return base !== undefined && base !== '' && process.command.some((word) => word.endsWith(base));
}

/** What makes a look worth while when it changes. */
function shapeOf({ run, stop }: Debuggee): string {
  return JSON.stringify([run, stop]);
}
