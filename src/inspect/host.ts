import { UserError } from '../model/errors';
import type { Asker } from '../target/remoteHost';
import type { Target } from '../target/target';
import { backOff } from './backOff';
import { type HostId, hostKey, hostName } from './hostId';
import { type HostState, isLoss, unreachable } from './hostState';
import type { Clock } from './inspection';
import { problemOf } from './problem';

/** Opens a host. Rejects with a UserError; one that came after `signal` is closed by the caller. */
export type OpenHost = (id: HostId, asker: Asker, signal: AbortSignal) => Promise<Target>;

/** Who answers what only the user can say. */
export interface Askers {
  /** For what the user has asked for. */
  readonly user: Asker;
  /** For what happens by itself: answers from what is remembered, declines all else, shows nothing. */
  readonly quiet: Asker;
}

/** Milliseconds a try may take that nobody has asked for. */
const PATIENCE = 60_000;

interface Attempt {
  readonly abort: AbortController;
  readonly target: Promise<Target>;
  /** Whether something was asked that only the user can answer; of a try that nobody has asked for. */
  readonly asked?: () => boolean;
  /** Present once it is connected. */
  live?: Target;
}

/**
 * One host of a window: opened at the first use, closed when idle. When the way to it is lost it is tried again with a growing
 * wait; until it is there, every use is refused at once with the reason.
 */
export class Host {
  readonly key: string;
  readonly name: string;
  private current: HostState = { kind: 'idle' };
  private attempt: Attempt | undefined;
  private waiting = 0;
  private timer: unknown;

  /** `told` is called after every change of state; `back` = it can be used again after it was lost. */
  constructor(
    readonly id: HostId,
    private readonly open: OpenHost,
    private readonly askers: Askers,
    private readonly clock: Clock,
    private readonly random: () => number,
    private readonly told: (back: boolean) => void,
  ) {
    this.key = hostKey(id);
    this.name = hostName(id);
  }

  get state(): HostState {
    return this.current;
  }

  /** Runs `work` on the host. Rejects at once while it is lost; with `cancelled` when `signal` ends the wait for it. */
  async use<T>(work: (target: Target) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { kind } = this.current;
    if (kind === 'lost' || kind === 'failed') throw unreachable(this.name, this.current, this.clock.now());
    const attempt = this.attempt ?? this.begin(this.askers.user, { kind: 'connecting' });
    const target = await this.arrival(attempt, signal);
    try {
      return await work(target);
    } catch (error) {
      if (isLoss(error)) this.lose(attempt, error.why);
      throw error;
    }
  }

  /** Connects where it is not connected, for somebody who asked for it: lost or failed, it is tried at once. */
  async reach(signal?: AbortSignal): Promise<void> {
    const { current } = this;
    const gone = current.kind === 'lost' || current.kind === 'failed';
    if (gone) {
      this.drop();
      const why = current.kind === 'lost' ? current.why : current.problem.why;
      const tries = current.kind === 'lost' ? current.tries : 0;
      this.begin(this.askers.user, { kind: 'lost', why, since: current.since, tries });
    }
    const attempt = this.attempt ?? this.begin(this.askers.user, { kind: 'connecting' });
    await this.arrival(attempt, signal);
  }

  /** Closes it; the next use opens it anew. */
  leave(): void {
    this.drop();
    if (this.current.kind !== 'idle') this.become({ kind: 'idle' });
  }

  private begin(asker: Asker, state: HostState, asked?: () => boolean): Attempt {
    const abort = new AbortController();
    const target = this.opened(asker, abort.signal);
    const attempt: Attempt = { abort, target, ...(asked ? { asked } : {}) };
    this.attempt = attempt;
    this.become(state);
    target.then(
      (live) => this.arrived(attempt, live),
      (error: unknown) => this.missed(attempt, error),
    );
    return attempt;
  }

  /** Ends with `signal`, whatever opening does; what comes later is closed. */
  private opened(asker: Asker, signal: AbortSignal): Promise<Target> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(cancelled(this.name)), { once: true });
      Promise.resolve()
        .then(() => this.open(this.id, asker, signal))
        .then((target) => (signal.aborted ? target.dispose() : resolve(target)), reject);
    });
  }

  private arrived(attempt: Attempt, live: Target): void {
    if (this.attempt !== attempt) {
      live.dispose();
      return;
    }
    attempt.live = live;
    this.unschedule();
    const back = this.current.kind === 'lost';
    this.become({ kind: 'connected' }, back);
    void live.lost?.then((why) => this.lose(attempt, why));
  }

  private missed(attempt: Attempt, error: unknown): void {
    if (this.attempt !== attempt) return;
    this.drop();
    const { current } = this;
    if (current.kind !== 'lost') {
      this.become({ kind: 'idle' });
      return;
    }
    const declined = attempt.asked?.() === true || (error instanceof UserError && error.code === 'cancelled');
    if (isLoss(error) && !declined) {
      this.wait({ ...current, why: error.why, tries: current.tries + 1 });
      return;
    }
    const problem = problemOf(declined ? needsAnswer(this.name) : error, `${this.name} cannot be reached.`);
    this.become({ kind: 'failed', problem, since: current.since });
  }

  private lose(attempt: Attempt, why: string): void {
    if (this.attempt !== attempt) return;
    this.drop();
    this.wait({ kind: 'lost', why, since: this.clock.now(), tries: 0 });
  }

  private wait(lost: HostState & { readonly kind: 'lost' }): void {
    const { why, since, tries } = lost;
    const wait = backOff(tries, this.random);
    this.timer = this.clock.setTimeout(() => this.again({ kind: 'lost', why, since, tries }), wait);
    this.become({ kind: 'lost', why, since, tries, next: this.clock.now() + wait });
  }

  private again(state: HostState): void {
    const { asker, asked } = noting(this.askers.quiet);
    const attempt = this.begin(asker, state, asked);
    this.timer = this.clock.setTimeout(() => {
      if (!attempt.live) this.missed(attempt, tooSlow(this.name));
    }, PATIENCE);
  }

  /** The target of an attempt, for one who may give up waiting; the last one to do so ends it. */
  private async arrival(attempt: Attempt, signal: AbortSignal | undefined): Promise<Target> {
    if (attempt.live) return attempt.live;
    this.waiting += 1;
    let giveUp = () => {};
    const givenUp = new Promise<never>((_, reject) => {
      giveUp = () => reject(cancelled(this.name));
      if (signal?.aborted) giveUp();
      signal?.addEventListener('abort', giveUp, { once: true });
    });
    try {
      return await Promise.race([attempt.target, givenUp]);
    } finally {
      this.waiting -= 1;
      signal?.removeEventListener('abort', giveUp);
      if (signal?.aborted && this.waiting === 0 && this.attempt === attempt && !attempt.live)
        this.missed(attempt, cancelled(this.name));
    }
  }

  private drop(): void {
    this.unschedule();
    const { attempt } = this;
    this.attempt = undefined;
    attempt?.abort.abort();
    attempt?.live?.dispose();
  }

  private unschedule(): void {
    if (this.timer !== undefined) this.clock.clearTimeout(this.timer);
    this.timer = undefined;
  }

  private become(state: HostState, back = false): void {
    this.current = state;
    this.told(back);
  }
}

/** Notes whether something was asked that was not answered. */
function noting(quiet: Asker): { readonly asker: Asker; asked(): boolean } {
  let asked = false;
  const note = <T>(answer: T): T => {
    if (answer === undefined || answer === false) asked = true;
    return answer;
  };
  return {
    asker: {
      secret: (question) => quiet.secret(question).then(note),
      confirm: (question) => quiet.confirm(question).then(note),
    },
    asked: () => asked,
  };
}

function cancelled(name: string): UserError {
  return new UserError('cancelled', `${name} was not connected.`, 'It was cancelled.');
}

function tooSlow(name: string): UserError {
  return new UserError(
    'host-unreachable',
    `${name} cannot be reached.`,
    `It did not answer within ${PATIENCE / 1000} s.`,
  );
}

function needsAnswer(name: string): UserError {
  return new UserError(
    'host-lost',
    `${name} cannot be reached.`,
    'Connecting again needs an answer from you.',
    'Use “Try Again Now”.',
  );
}
