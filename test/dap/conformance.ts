import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv, { type ValidateFunction } from 'ajv';
import { CHECKOUT } from '../real/support/programs';
import { protocolSchema, type Schema } from './protocolSchema';

/** A message of the protocol, as it went over the wire. */
export interface Message {
  readonly seq: number;
  readonly type: string;
  readonly command?: string;
  readonly event?: string;
  readonly request_seq?: number;
  readonly success?: boolean;
  readonly message?: string;
  readonly arguments?: unknown;
  readonly body?: unknown;
}

export type Side = 'client' | 'adapter';

/** The words of the protocol beside what its schema says. */
const RESTRICTED = new Set([
  'initialized',
  'stopped',
  'continued',
  'exited',
  'terminated',
  'thread',
  'process',
]);

const declarations = join(CHECKOUT, 'node_modules/@vscode/debugprotocol/lib/debugProtocol.d.ts');

let compiled: Protocol | undefined;

/** The protocol as its declarations have it; read once. */
export function protocol(): Protocol {
  compiled ??= new Protocol(protocolSchema(readFileSync(declarations, 'utf8')));
  return compiled;
}

/** Tells what is wrong with a message by itself. */
export class Protocol {
  private readonly ajv = new Ajv({ allErrors: true, strict: true, strictRequired: true });
  private readonly names = new Map<string, string>();

  constructor(readonly definitions: Record<string, Schema>) {
    this.ajv.addSchema({ $id: 'dap', definitions });
    for (const [name, { properties }] of Object.entries(definitions)) {
      const [command] = properties?.['command']?.enum ?? [];
      const [event] = properties?.['event']?.enum ?? [];
      if (command !== undefined) this.names.set(`request ${command}`, name);
      if (event !== undefined) this.names.set(`event ${event}`, name);
    }
  }

  problems(message: Message): readonly string[] {
    const name = this.definitionOf(message);
    if (name === undefined) return [`no such message: ${JSON.stringify(message).slice(0, 200)}`];
    const validate = this.validator(name);
    if (validate(message)) return [];
    const words = (validate.errors ?? []).map(
      ({ instancePath, message: why, params }) => `${instancePath || '/'} ${why} ${JSON.stringify(params)}`,
    );
    return words.map((word) => `${name} ${word} in ${JSON.stringify(message).slice(0, 600)}`);
  }

  private definitionOf({ type, command, event, success }: Message): string | undefined {
    if (type === 'event') return this.names.get(`event ${event}`);
    const request = this.names.get(`request ${command}`);
    if (type === 'request' || request === undefined) return request;
    return success === false ? 'ErrorResponse' : request.replace(/Request$/, 'Response');
  }

  private validator(name: string): ValidateFunction {
    const found = this.ajv.getSchema(`dap#/definitions/${name}`);
    if (!found) throw new Error(`${name} is not declared`);
    return found;
  }
}

/** Tells what is wrong with the messages of one session, each by itself and in their order. */
export class Conversation {
  readonly problems: string[] = [];
  private readonly sequence: Record<Side, number> = { client: 0, adapter: 0 };
  private readonly open: Record<Side, Map<number, string>> = { client: new Map(), adapter: new Map() };
  private initialized = false;

  note(side: Side, message: Message): void {
    const { seq, type, command = '', request_seq, event = '' } = message;
    this.problems.push(...protocol().problems(message));
    if (seq !== this.sequence[side] + 1) this.wrong(`${side}: seq ${seq} after ${this.sequence[side]}`);
    this.sequence[side] = seq;
    if (type === 'request') this.open[side].set(seq, command);
    if (type === 'response') this.answered(side === 'client' ? 'adapter' : 'client', message);
    if (type === 'response' && request_seq !== undefined && command === 'initialize') this.initialized = true;
    if (type === 'event' && RESTRICTED.has(event) && !this.initialized)
      this.wrong(`${event} before the answer to initialize`);
    if (message.success === false) this.failed(message);
  }

  /** Requests of the client that have no answer yet. */
  get unanswered(): readonly string[] {
    return [...this.open.client.values()];
  }

  private answered(asker: Side, { request_seq = 0, command }: Message): void {
    const asked = this.open[asker].get(request_seq);
    if (asked === undefined) this.wrong(`an answer to ${command} that nobody, or somebody twice, asked for`);
    else if (asked !== command) this.wrong(`${command} answers ${asked}`);
    this.open[asker].delete(request_seq);
  }

  /** Ours: every error has a sentence and an id. */
  private failed(message: Message): void {
    const { error } = (message.body ?? {}) as {
      readonly error?: { readonly id?: number; readonly format?: string };
    };
    if (!error?.id || !/\w.*\w/.test(error.format ?? '') || !message.message)
      this.wrong(`an error without id or sentence: ${JSON.stringify(message).slice(0, 300)}`);
  }

  private wrong(what: string): void {
    this.problems.push(what);
  }
}

/** Takes the bytes of one direction apart into messages. */
export class Framing {
  private rest: Buffer = Buffer.alloc(0);

  constructor(private readonly take: (message: Message) => void) {}

  push(chunk: Uint8Array): void {
    this.rest = Buffer.concat([this.rest, chunk]);
    for (;;) {
      const end = this.rest.indexOf('\r\n\r\n');
      const match = /^Content-Length: (\d+)$/.exec(this.rest.toString('latin1', 0, Math.max(end, 0)));
      if (end < 0) return;
      if (!match) throw new Error(`no header of the protocol: ${this.rest.toString('latin1', 0, 100)}`);
      const [from, length] = [end + 4, Number(match[1])];
      if (this.rest.length < from + length) return;
      const text = this.rest.toString('utf8', from, from + length);
      this.rest = this.rest.subarray(from + length);
      this.take(JSON.parse(text) as Message);
    }
  }
}
