import { PassThrough } from 'node:stream';
import type { DebugSession } from '@vscode/debugadapter';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { protocol } from '../../dap/conformance';

type Answer = DebugProtocol.Response & {
  // biome-ignore lint/suspicious/noExplicitAny: what a test reads of a body, it checks
  readonly body?: any;
};
type Told = DebugProtocol.Event & {
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly body?: any;
};

/** A client at the other end of a session's streams, as an editor is. */
export class DapClient {
  readonly events: Told[] = [];
  /** Everything the session has sent, in its order. */
  readonly sent: DebugProtocol.ProtocolMessage[] = [];
  /** What the client does when the session asks for a terminal. */
  inTerminal: ((args: DebugProtocol.RunInTerminalRequestArguments) => object) | undefined;
  private readonly toSession = new PassThrough();
  private readonly fromSession = new PassThrough();
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private watchers: (() => void)[] = [];
  private rest = Buffer.alloc(0);
  private seq = 0;

  constructor(readonly session: DebugSession) {
    this.fromSession.on('data', (data: Buffer) => this.read(data));
    session.start(this.toSession, this.fromSession);
  }

  /** Sends a request; `seq` of it is `lastSeq` then. */
  request(command: string, args?: unknown): Promise<Answer> {
    const seq = ++this.seq;
    const answer = new Promise<Answer>((resolve) => {
      this.waiting.set(seq, resolve);
    });
    this.write({ seq, type: 'request', command, ...(args === undefined ? {} : { arguments: args }) });
    return answer;
  }

  get lastSeq(): number {
    return this.seq;
  }

  /** Requests without an answer. */
  get unanswered(): number {
    return this.waiting.size;
  }

  /** The answer's body; an error is thrown as its message. */
  async ask(command: string, args?: unknown): Promise<NonNullable<Answer['body']>> {
    const answer = await this.request(command, args);
    if (!answer.success) throw new Error(answer.message);
    return answer.body;
  }

  /** The next event of that kind from `from` on. */
  async event(name: string, from = 0): Promise<Told> {
    for (;;) {
      const found = this.events.slice(from).find(({ event }) => event === name);
      if (found) return found;
      await new Promise<void>((resolve) => {
        this.watchers.push(resolve);
      });
    }
  }

  named(name: string): Told[] {
    return this.events.filter(({ event }) => event === name);
  }

  /** All text of the console so far. */
  get output(): string {
    return this.named('output')
      .map(({ body }) => String(body.output))
      .join('');
  }

  /** The end of the client. */
  hangUp(): void {
    this.toSession.destroy();
  }

  private write(message: object): void {
    const text = JSON.stringify(message);
    this.toSession.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
  }

  private read(data: Buffer): void {
    this.rest = Buffer.concat([this.rest, data]);
    for (;;) {
      const end = this.rest.indexOf('\r\n\r\n');
      const length = Number(/^Content-Length: (\d+)/.exec(this.rest.toString('latin1', 0, end))?.[1]);
      if (end < 0 || this.rest.length < end + 4 + length) return;
      const text = this.rest.toString('utf8', end + 4, end + 4 + length);
      this.rest = this.rest.subarray(end + 4 + length);
      this.take(JSON.parse(text));
    }
  }

  private take(message: DebugProtocol.ProtocolMessage): void {
    // Whoever waits for it waits in vain, and the run fails for what is thrown here.
    const [wrong] = isOwn(message) ? [] : protocol().problems(message);
    if (wrong !== undefined) throw new Error(`not as the protocol has it: ${wrong}`);
    this.sent.push(message);
    if (message.type === 'event') this.events.push(message as Told);
    if (message.type === 'response') {
      const answer = message as Answer;
      this.waiting.get(answer.request_seq)?.(answer);
      this.waiting.delete(answer.request_seq);
    }
    if (message.type === 'request') {
      const { seq, command, arguments: args } = message as DebugProtocol.Request;
      const body = this.inTerminal?.(args);
      this.write({
        seq: ++this.seq,
        type: 'response',
        request_seq: seq,
        command,
        success: body !== undefined,
        ...(body === undefined ? { message: 'no terminal' } : { body }),
      });
    }
    const watchers = this.watchers;
    this.watchers = [];
    for (const watcher of watchers) watcher();
  }
}

let commands: ReadonlySet<unknown> | undefined;

/** An answer to a request that the protocol does not have: our own, and those that no client knows. */
function isOwn({ type, ...message }: DebugProtocol.ProtocolMessage): boolean {
  commands ??= new Set(
    Object.values(protocol().definitions).map(({ properties }) => properties?.['command']?.enum?.[0]),
  );
  return type === 'response' && !commands.has((message as Answer).command);
}
