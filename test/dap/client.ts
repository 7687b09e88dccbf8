import { type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect as connectTo } from 'node:net';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { DebugClient } from '@vscode/debugadapter-testsupport';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { Conversation, Framing, type Message } from './conformance';

/** Milliseconds an event may be waited for. */
const PATIENCE = 20_000;

/** Answers a request of the adapter's, such as `runInTerminal`; what it throws is why the client refuses. */
export type Answer = (args: unknown) => object | Promise<object>;

/** A DebugClient whose every message is held to the protocol, both ways; `problems` tells what is wrong. */
export class CheckedClient extends DebugClient {
  readonly conversation = new Conversation();
  /** All that the adapter has sent. */
  readonly received: Message[] = [];
  /** Settles when the adapter has gone: its exit code, or undefined where it was connected to. */
  readonly ended: Promise<number | undefined>;
  readonly answers = new Map<string, Answer>();
  /** Of the adapter's process; absent where it was connected to. */
  pid: number | undefined;
  /** Text of the adapter's stderr. */
  complaint = '';
  private end: (code: number | undefined) => void = () => {};
  private toAdapter: PassThrough | undefined;

  private constructor() {
    super('', '', 'io_uring');
    this.defaultTimeout = PATIENCE;
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  /** Starts an adapter that speaks on its stdin and stdout. */
  static spawned(command: string, args: readonly string[], options: SpawnOptions = {}): CheckedClient {
    const client = new CheckedClient();
    const child = spawn(command, args, { cwd: '/', ...options, stdio: ['pipe', 'pipe', 'pipe'] });
    client.pid = child.pid;
    child.stderr.on('data', (chunk: Buffer) => {
      client.complaint += chunk.toString();
    });
    child.once('close', (code) => client.end(code ?? undefined));
    // An adapter that ends does not read to the last byte.
    child.stdin.on('error', () => undefined);
    client.connect(child.stdout, child.stdin);
    client.leave = () => child.stdin.end();
    return client;
  }

  /** Connects to an adapter that listens. */
  static async connected(port: number): Promise<CheckedClient> {
    const client = new CheckedClient();
    const socket = connectTo(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.once('close', () => client.end(undefined));
    client.connect(socket, socket);
    client.leave = () => socket.destroy();
    return client;
  }

  /** Over streams within this process. */
  static over(readable: Readable, writable: Writable): CheckedClient {
    const client = new CheckedClient();
    readable.once('close', () => client.end(undefined));
    client.connect(readable, writable);
    client.leave = () => writable.end();
    return client;
  }

  /** Hangs up without a word. */
  leave: () => void = () => {};

  get problems(): readonly string[] {
    return this.conversation.problems;
  }

  /** Sends a request that fails; answers the response. */
  async failing(command: string, args?: object): Promise<DebugProtocol.ErrorResponse> {
    const before = this.received.length;
    await this.send(command, args).then(
      () => {
        throw new Error(`${command} has succeeded`);
      },
      () => undefined,
    );
    const failed = this.received
      .slice(before)
      .find((one) => one.command === command && one.success === false);
    if (!failed) throw new Error(`${command} has succeeded`);
    return failed as unknown as DebugProtocol.ErrorResponse;
  }

  /** The first event of a kind that fits, also of those that have come already. */
  async event<T extends DebugProtocol.Event>(
    kind: string,
    fits: (event: T) => boolean = () => true,
  ): Promise<T> {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      const found = this.events<T>(kind).find(fits);
      if (found) return found;
      if (Date.now() > deadline)
        throw new Error(`no such ${kind} event; came: ${JSON.stringify(this.received.slice(-20))}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  events<T extends DebugProtocol.Event>(kind: string): readonly T[] {
    return this.received.filter(({ event }) => event === kind) as unknown as T[];
  }

  protected override connect(readable: Readable, writable: Writable): void {
    const toAdapter = new PassThrough();
    const said = new Framing((message) => this.conversation.note('client', message));
    toAdapter.on('data', (chunk: Buffer) => said.push(chunk));
    toAdapter.pipe(writable);
    this.toAdapter = toAdapter;
    const heard = new Framing((message) => this.hear(message));
    readable.on('data', (chunk: Buffer) => heard.push(chunk));
    super.connect(readable, toAdapter);
  }

  private hear(message: Message): void {
    this.received.push(message);
    this.conversation.note('adapter', message);
    if (message.type === 'request') void this.reply(message);
  }

  private async reply({ seq, command = '', arguments: args }: Message): Promise<void> {
    const answer = this.answers.get(command);
    if (!answer) throw new Error(`nobody answers ${command}`);
    const told = await Promise.resolve(args)
      .then(answer)
      .then(
        (body) => ({ success: true, body }),
        ({ message }: Error) => ({ success: false, message, body: { error: { id: 1, format: message } } }),
      );
    const own = this as unknown as { sequence: number };
    const response = {
      type: 'response',
      seq: own.sequence++,
      request_seq: seq,
      command,
      ...told,
    };
    const json = JSON.stringify(response);
    this.toAdapter?.write(`Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`);
  }
}

/** What clients ask first. */
export const INITIALIZE: DebugProtocol.InitializeRequestArguments = {
  clientID: 'test',
  adapterID: 'io_uring',
  linesStartAt1: true,
  columnsStartAt1: true,
  pathFormat: 'path',
  supportsVariableType: true,
  supportsVariablePaging: true,
  supportsProgressReporting: true,
  supportsRunInTerminalRequest: true,
  supportsMemoryReferences: true,
};
