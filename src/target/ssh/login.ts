import type { Duplex } from 'node:stream';
import type { Client } from 'ssh2';
import type { UserError } from '../../model/errors';
import type { Authentication } from './auth';
import type { HostKeyCheck } from './hostKeyCheck';
import type { HostOptions } from './hostOptions';
import type { Library } from './loadLibrary';
import { hostKeyRefused, notAuthenticated, quoted, unreachable } from './sshErrors';

/** Seconds between signs of life, where none are configured, and how many may stay unanswered. */
const ALIVE_INTERVAL = 5;

/** How far a connection has come, in the words of what it hangs in. */
export type Phase = 'banner' | 'handshake' | 'login';

const SILENT: Readonly<Record<Phase, string>> = {
  banner: 'The connection stands, but it did not say that it is an SSH server',
  handshake: 'It stopped answering before its identity was proven',
  login: 'It stopped answering while logging in',
};

const IMPATIENT = 'It closed the connection while it waited for your answer (LoginGraceTime).';

/** Everything that one login needs. */
export interface LoginParts {
  readonly host: HostOptions;
  readonly transport: Duplex;
  readonly check: HostKeyCheck;
  readonly authentication: Authentication;
  readonly library: Library;
  readonly log: (line: string) => void;
  /** Whether the user is asked at this moment. */
  readonly asks: () => boolean;
}

/** One connection on its way to being logged in. */
export class Login {
  readonly client: Client;
  private phase: Phase = 'banner';
  private failed: UserError | undefined;
  private readonly done: Promise<Client>;
  private reject: (error: UserError) => void = () => undefined;

  constructor(private readonly parts: LoginParts) {
    this.client = new parts.library.Client();
    this.done = new Promise((resolve, reject) => {
      this.reject = reject;
      this.client.on('ready', () => {
        if (!this.failed) resolve(this.client);
      });
    });
    this.listen();
  }

  /** Resolves with a client that is logged in. Rejects with a UserError. */
  async run(): Promise<Client> {
    const { host, transport, check, authentication } = this.parts;
    let loggedIn = false;
    try {
      this.client.connect({
        username: host.user,
        sock: transport,
        readyTimeout: 0,
        keepaliveInterval: (host.serverAliveInterval || ALIVE_INTERVAL) * 1000,
        keepaliveCountMax: host.serverAliveCountMax,
        algorithms: { serverHostKey: check.algorithms },
        authHandler: authentication.handler,
        hostVerifier: (key, verify) => {
          // When keys are exchanged anew, ssh2 sends data under the wrong key unless it is answered in the same turn.
          if (check.isProven(key)) return verify(true);
          check.verify(Buffer.from(key)).then(
            () => verify(true),
            (error: UserError) => {
              this.fail(error);
              verify(false);
            },
          );
        },
      });
      transport.once('data', () => {
        if (this.phase === 'banner') this.phase = 'handshake';
      });
      const client = await this.done;
      loggedIn = true;
      return client;
    } catch (error) {
      transport.destroy();
      throw error;
    } finally {
      authentication.end(loggedIn);
    }
  }

  /** Nothing came within the time it has. */
  expire(seconds: number): void {
    this.fail(unreachable(this.parts.host.name, `${SILENT[this.phase]}: nothing came for ${seconds} s.`));
  }

  fail(error: UserError): void {
    if (this.failed) return;
    this.failed = error;
    this.reject(error);
    this.client.destroy();
    this.parts.transport.destroy();
  }

  private listen(): void {
    const { host, authentication, log } = this.parts;
    authentication.onRefusal = (error) => this.fail(error);
    this.client.on('handshake', () => {
      this.phase = 'login';
    });
    this.client.on('banner', (text: unknown) => log(`${host.name} says: ${quoted(String(text))}`));
    this.client.on('change password', () =>
      this.fail(
        notAuthenticated(
          host.name,
          `The password of ${host.user} has expired.`,
          'Change it there, with ssh.',
        ),
      ),
    );
    this.client.on('error', (error: Error & { level?: string }) => {
      if (error.level === 'agent') return log(`A key could not be used: ${quoted(error.message)}`);
      if (error.level === 'client-authentication') return this.fail(authentication.failure());
      this.fail(this.errorOf(error));
    });
    this.client.on('close', () => this.fail(this.errorOf(undefined)));
  }

  /** What ended the connection; `undefined` = the other side closed it without a word. */
  private errorOf(error: (Error & { level?: string }) | undefined): UserError {
    const { host, authentication, asks } = this.parts;
    if (asks()) return unreachable(host.name, IMPATIENT, 'Connect again, and have the answer at hand.');
    if (this.phase === 'login')
      return authentication.failure(error?.message ?? 'nothing, it closed the connection');
    if (error?.message.startsWith('ProxyCommand')) return unreachable(host.name, error.message);
    if (error?.message.includes('no matching host key format'))
      return hostKeyRefused(host.name, 'It has no host key of a kind that can be checked here.');
    const where = this.phase === 'banner' ? 'before it said anything' : 'before its identity was proven';
    const why = error && !/before handshake/.test(error.message) ? `: ${quoted(error.message)}` : '';
    return unreachable(
      host.name,
      `The connection ended ${where}${why}.`,
      'Check that an SSH server answers there.',
    );
  }
}
