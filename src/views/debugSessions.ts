import * as vscode from 'vscode';
import { barePid } from './pid';

/** Where a menu of the Call Stack was opened. */
export interface CallStackPlace {
  readonly session: vscode.DebugSession;
  /** As the debug adapter numbers it; absent where the session itself is meant. */
  readonly thread?: number;
  /** Place of the frame in the thread's stack, from 0. */
  readonly frame?: number;
}

/** The sessions of the window: the editor hands commands only their ids. */
export class DebugSessions implements vscode.Disposable {
  private readonly sessions = new Map<string, vscode.DebugSession>();
  private readonly disposables: vscode.Disposable[];

  constructor() {
    this.disposables = [
      vscode.debug.onDidStartDebugSession((session) => this.sessions.set(session.id, session)),
      vscode.debug.onDidTerminateDebugSession(({ id }) => this.sessions.delete(id)),
    ];
  }

  /**
   * What a command of a menu of the Call Stack is about, by its arguments; from the palette, the focused session. Undefined where
   * there is none, or it began before the extension did and is not the focused one.
   */
  placeOf(given: readonly unknown[]): CallStackPlace | undefined {
    const focused = vscode.debug.activeDebugSession;
    const context = given.find(isContext);
    if (!context) return focused && { session: focused, ...focusedFrame() };
    const { sessionId, threadId, frameId } = context;
    const session = this.sessions.get(sessionId) ?? (focused?.id === sessionId ? focused : undefined);
    if (!session) return undefined;
    const thread = /^thread:.*:(\d+)$/.exec(threadId ?? '')?.[1];
    const frame = threadId === undefined ? undefined : frameNumber(frameId, threadId);
    return {
      session,
      ...(thread === undefined ? {} : { thread: Number(thread) }),
      ...(frame === undefined ? {} : { frame }),
    };
  }

  dispose(): void {
    for (const disposable of this.disposables) disposable.dispose();
  }
}

interface Context {
  readonly sessionId: string;
  /** `thread:SESSION:ID` */
  readonly threadId?: string;
  /** `stackframe:THREAD:INDEX:SOURCE` */
  readonly frameId?: string;
}

function isContext(value: unknown): value is Context {
  if (typeof value !== 'object' || value === null) return false;
  const { sessionId, threadId, frameId } = value as Record<string, unknown>;
  const isText = (text: unknown) => text === undefined || typeof text === 'string';
  return typeof sessionId === 'string' && isText(threadId) && isText(frameId);
}

function frameNumber(frameId: string | undefined, threadId: string): number | undefined {
  const start = `stackframe:${threadId}:`;
  if (!frameId?.startsWith(start)) return undefined;
  const index = Number.parseInt(frameId.slice(start.length), 10);
  return Number.isNaN(index) ? undefined : index;
}

function focusedFrame(): { readonly thread?: number } {
  const { activeStackItem } = vscode.debug;
  return activeStackItem ? { thread: activeStackItem.threadId } : {};
}

/** The process that a session's configuration names; undefined where it names none. */
export function configuredPid({ configuration }: vscode.DebugSession): number | undefined {
  for (const key of ['pid', 'processId']) {
    const value: unknown = configuration[key];
    const pid = typeof value === 'number' || typeof value === 'string' ? barePid(String(value)) : undefined;
    if (pid !== undefined) return pid;
  }
  return undefined;
}
