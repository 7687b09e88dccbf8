import * as vscode from 'vscode';
import { type Debuggee, DebuggeeTracker } from '../debug/tracker';
import { type FollowedSession, TrackedSessions } from '../debug/trackerSessions';

/** The type of our own debug sessions: what they show is an inspection already. */
const OWN = 'io_uring';

/** Listens to what the window's debug sessions and their adapters say to each other, and changes none of it. */
export class FollowedSessions implements vscode.Disposable {
  private readonly sessions = new TrackedSessions();
  private readonly known = new Map<string, vscode.DebugSession>();
  private readonly change = new vscode.EventEmitter<void>();
  readonly onChange = this.change.event;
  private readonly disposables: vscode.Disposable[] = [this.change];

  constructor() {
    const { debug } = vscode;
    this.disposables.push(
      debug.registerDebugAdapterTrackerFactory('*', {
        createDebugAdapterTracker: (session) => this.trackerOf(session),
      }),
      debug.onDidStartDebugSession((session) => this.begun(session)),
      debug.onDidTerminateDebugSession((session) => this.ended(session)),
      debug.onDidChangeActiveDebugSession((session) => this.focus(session)),
      debug.onDidChangeActiveStackItem((item) => this.focus(item?.session)),
    );
    const { activeDebugSession: active } = debug;
    if (active) {
      this.begun(active);
      this.focus(active);
    }
  }

  get followed(): FollowedSession | undefined {
    return this.sessions.followed;
  }

  /** What is known of a session's process; undefined of a session that nobody has listened to. */
  debuggee(id: string): Debuggee | undefined {
    return this.sessions.get(id)?.debuggee;
  }

  session(id: string): vscode.DebugSession | undefined {
    return this.known.get(id);
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }

  private trackerOf(session: vscode.DebugSession): vscode.DebugAdapterTracker | undefined {
    const tracker = this.add(session);
    if (!tracker) return undefined;
    const tell = (isNew: boolean) => {
      if (isNew) this.change.fire();
    };
    return {
      onWillReceiveMessage: (message: unknown) => tell(tracker.sent(message)),
      onDidSendMessage: (message: unknown) => tell(tracker.received(message)),
      onExit: () => this.ended(session),
    };
  }

  /** Of a session that began before anybody listened, the threads may lead to its process. */
  private begun(session: vscode.DebugSession): void {
    if (this.known.has(session.id)) return;
    const tracker = this.add(session);
    if (!tracker) return;
    session.customRequest('threads').then(
      (body: unknown) => {
        tracker.received({ type: 'response', command: 'threads', success: true, body });
        this.change.fire();
      },
      () => {
        // An adapter that is not ready for it yet says so; its threads are heard of later.
      },
    );
  }

  private add(session: vscode.DebugSession): DebuggeeTracker | undefined {
    const { id, type, name, configuration, parentSession } = session;
    if (type === OWN) return undefined;
    const tracker = new DebuggeeTracker({ type, name, configuration });
    this.sessions.add(id, tracker, parentSession?.id);
    this.known.set(id, session);
    this.change.fire();
    return tracker;
  }

  private ended({ id }: vscode.DebugSession): void {
    if (!this.known.delete(id)) return;
    this.sessions.remove(id);
    this.change.fire();
  }

  private focus(session: vscode.DebugSession | undefined): void {
    this.sessions.focus(session?.id);
    this.change.fire();
  }
}
