import { DebugSession, Response } from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { UserError } from '../model/errors';
import { printable } from '../model/printable';
import { cancelled, errorAnswer } from './errors';

/** Arguments as a client has sent them: nothing of them is sure. */
export type Arguments = Readonly<Record<string, unknown>>;

/** A request under way. */
export interface Call {
  readonly seq: number;
  /** Aborted when the client cancels it, or the session ends. */
  readonly signal: AbortSignal;
  /** Runs once the response is sent. */
  after(act: () => void): void;
}

type Answer = object | undefined;

export type Handler = (args: Arguments, call: Call) => Answer | Promise<Answer>;

/** Gives every request just one answer: the body that its handler makes, or an error with its sentence and id. */
export abstract class AnsweringSession extends DebugSession {
  private readonly running = new Map<number, AbortController>();

  protected abstract readonly handlers: ReadonlyMap<string, Handler>;

  /** Errors of these requests are no news for the user: the client asks by itself. */
  protected isQuiet(_command: string, _args: Arguments): boolean {
    return false;
  }

  /** What follows a response has failed. */
  protected abstract failed(error: unknown): void;

  /** A request has come, or has been answered. */
  protected abstract heard(): void;

  protected override dispatchRequest(request: DebugProtocol.Request): void {
    this.heard();
    void this.answer(request);
  }

  /** Ends a request that is under way; false = there is none. */
  protected abandon(seq: unknown): boolean {
    const call = typeof seq === 'number' ? this.running.get(seq) : undefined;
    call?.abort();
    return call !== undefined;
  }

  protected abandonAll(): void {
    for (const call of this.running.values()) call.abort();
  }

  private async answer(request: DebugProtocol.Request): Promise<void> {
    const { seq, command } = request;
    const response: DebugProtocol.Response = new Response(request);
    const args = recordOf(request.arguments);
    const abort = new AbortController();
    const later: (() => void)[] = [];
    this.running.set(seq, abort);
    try {
      const handler = this.handlers.get(command);
      if (!handler) throw unknownRequest(command);
      const call: Call = { seq, signal: abort.signal, after: (act) => later.push(act) };
      const body = await unlessAborted(handler(args, call), abort.signal);
      if (body !== undefined) response.body = body;
    } catch (error) {
      const { message, error: told } = errorAnswer(error, this.isQuiet(command, args));
      response.success = false;
      response.message = message;
      response.body = { error: told };
      later.length = 0;
    } finally {
      this.running.delete(seq);
    }
    this.sendResponse(response);
    this.heard();
    for (const act of later) {
      try {
        act();
      } catch (error) {
        this.failed(error);
      }
    }
  }
}

/** Rejects as soon as the request is cancelled, whether what it waits for heeds that or not. */
function unlessAborted(answer: Answer | Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(cancelled('The request was given up.'));
    signal.addEventListener('abort', giveUp, { once: true });
    Promise.resolve(answer).then(resolve, (error: unknown) => (signal.aborted ? giveUp() : reject(error)));
  });
}

function unknownRequest(command: string): UserError {
  return new UserError(
    'debug-unsupported',
    `There is no request “${printable(command, 64)}” here.`,
    'The debug adapter of io_uring Inspector does not have it, and says so in its capabilities.',
  );
}

function recordOf(value: unknown): Arguments {
  return typeof value === 'object' && value !== null ? (value as Arguments) : {};
}
