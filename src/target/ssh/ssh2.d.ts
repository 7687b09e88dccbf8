/** What this program uses of ssh2 1.17, which brings no types of its own. */
declare module 'ssh2' {
  import type { EventEmitter } from 'node:events';
  import type { Duplex, Readable } from 'node:stream';

  export interface ParsedKey {
    readonly type: string;
    comment: string;
    isPrivateKey(): boolean;
    /** The key as it goes over the wire. */
    getPublicSSH(): Buffer;
    sign(data: Buffer, hash?: string): Buffer | Error;
  }

  export interface SignOptions {
    readonly hash?: string;
  }

  export type Signed = (error: Error | null | undefined, signature?: Buffer) => void;

  export class BaseAgent {
    getIdentities(done: (error: Error | null | undefined, keys?: ParsedKey[]) => void): void;
    sign(key: ParsedKey, data: Buffer, options: SignOptions, done: Signed): void;
    /** A connection to the agent; of those that createAgent makes. */
    getStream?(done: (error: Error | null | undefined, stream?: Duplex) => void): void;
  }

  /** An agent at a unix socket or a named pipe; nothing is connected yet. */
  export function createAgent(path: string): BaseAgent;

  export const utils: {
    parseKey(data: Buffer | string, passphrase?: string | Buffer): ParsedKey | ParsedKey[] | Error;
  };

  export interface Prompt {
    readonly prompt: string;
    readonly echo?: boolean;
  }

  /** One attempt to log in. */
  export type AuthMethod = { readonly username: string } & (
    | { readonly type: 'none' }
    | { readonly type: 'agent'; readonly agent: BaseAgent }
    | { readonly type: 'password'; readonly password: Buffer }
    | {
        readonly type: 'keyboard-interactive';
        readonly prompt: (
          name: string,
          instructions: string,
          language: string,
          prompts: readonly Prompt[],
          finish: (answers: string[]) => void,
        ) => void;
      }
  );

  export type AuthHandler = (
    methodsLeft: readonly string[] | null,
    partialSuccess: boolean | null,
    next: (method: AuthMethod | false) => void,
  ) => void;

  export interface ConnectConfig {
    readonly username: string;
    readonly host?: string;
    readonly port?: number;
    readonly sock?: Duplex;
    /** Milliseconds; 0 = for ever. */
    readonly readyTimeout: number;
    readonly keepaliveInterval: number;
    readonly keepaliveCountMax: number;
    readonly algorithms?: { readonly serverHostKey: readonly string[] };
    readonly hostVerifier: (key: Buffer, verify: (accepted: boolean) => void) => void;
    readonly authHandler: AuthHandler;
  }

  export interface Channel extends Duplex {
    readonly stderr: Readable;
    close(): void;
    signal(name: string): void;
  }

  type Opened = (error: Error | undefined, channel: Channel) => void;

  export class Client extends EventEmitter {
    connect(config: ConnectConfig): this;
    exec(command: string, done: Opened): this;
    forwardOut(fromHost: string, fromPort: number, toHost: string, toPort: number, done: Opened): this;
    end(): this;
    destroy(): this;
  }
}
