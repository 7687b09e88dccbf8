import type { Debuggee, DebuggeeTracker } from './tracker';

interface Tracked {
  readonly tracker: DebuggeeTracker;
  readonly parent: string | undefined;
}

export interface FollowedSession {
  /** The session whose process it is: the focused one, or one above or below it. */
  readonly id: string;
  readonly debuggee: Debuggee;
}

/** The debug sessions of a window, in the order they began, and which of them is followed. */
export class TrackedSessions {
  private readonly sessions = new Map<string, Tracked>();
  private focused: string | undefined;

  add(id: string, tracker: DebuggeeTracker, parent?: string): void {
    this.sessions.set(id, { tracker, parent });
  }

  remove(id: string): void {
    this.sessions.delete(id);
    if (this.focused === id) this.focused = undefined;
  }

  /** A session that is not known, as none or one of another kind, leaves the focus where it was. */
  focus(id: string | undefined): void {
    if (id !== undefined && this.sessions.has(id)) this.focused = id;
  }

  get(id: string): DebuggeeTracker | undefined {
    return this.sessions.get(id)?.tracker;
  }

  /**
   * That of the focused session, else of the newest. One that has no process of its own (the first of js-debug's, a worker's) stands
   * for the process of the session above it, else of its newest child.
   */
  get followed(): FollowedSession | undefined {
    const id = this.focused ?? [...this.sessions.keys()].at(-1);
    if (id === undefined) return undefined;
    const found = [...this.upwards(id), ...this.below(id).reverse()].find((one) => this.hasProcess(one));
    return this.told(found ?? id);
  }

  private hasProcess(id: string): boolean {
    const debuggee = this.sessions.get(id)?.tracker.debuggee;
    return debuggee !== undefined && (debuggee.pid !== undefined || debuggee.tids.length > 0);
  }

  private told(id: string): FollowedSession | undefined {
    const tracked = this.sessions.get(id);
    return tracked && { id, debuggee: tracked.tracker.debuggee };
  }

  /** The session and those above it, nearest first. */
  private upwards(id: string): string[] {
    const found: string[] = [];
    for (let at: string | undefined = id; at !== undefined && !found.includes(at); ) {
      found.push(at);
      at = this.sessions.get(at)?.parent;
    }
    return found;
  }

  /** Those below it, level by level. */
  private below(id: string): string[] {
    const found: string[] = [];
    for (let level = [id]; level.length > 0; ) {
      level = [...this.sessions]
        .filter(
          ([child, { parent }]) => parent !== undefined && level.includes(parent) && !found.includes(child),
        )
        .map(([child]) => child);
      found.push(...level);
    }
    return found;
  }
}
