import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Channel, Client } from 'ssh2';
import type { RemoteCommand, RemoteEnd, RemoteHost } from '../remoteHost';
import { hostLost, notStarted, quoted } from './sshErrors';

/** Milliseconds a server has to start a command, and a closed connection to say good-bye. */
const START = 20_000;
const FAREWELL = 500;
/** Milliseconds after its end that a command's streams may stay open: a child of it may hold them. */
const LINGER = 2_000;
/** Milliseconds until a command that was refused is tried once more: a server may still count one that has just ended. */
const AGAIN = 300;

/** One logged-in connection of a way, with the name of its host. */
export interface Hop {
  readonly name: string;
  readonly client: Client;
  readonly transport: Duplex;
}

/** Says good-bye to the hosts of a way, the last first, and closes what does not close by itself. */
export function leaveHops(hops: readonly Hop[]): void {
  for (const { client } of [...hops].reverse()) client.end();
  // ssh2 destroys no stream that it has ended.
  setTimeout(() => {
    for (const { transport } of hops) transport.destroy();
  }, FAREWELL).unref();
}

/** A host behind SSH: the last of the hops. Each command has a channel of its own. */
export class SshHost implements RemoteHost {
  readonly label: string;
  readonly lost: Promise<string>;
  private gone: string | undefined;
  private settle: (why: string) => void = () => undefined;
  private readonly client: Client;
  private readonly name: string;

  constructor(private readonly hops: readonly [...Hop[], Hop]) {
    const last = hops[hops.length - 1] as Hop;
    this.client = last.client;
    this.name = last.name;
    this.label = `${last.name} (ssh)`;
    this.lost = new Promise((resolve) => {
      this.settle = resolve;
    });
    for (const hop of hops) {
      const prefix = hop === last ? '' : `The jump host ${hop.name}: `;
      hop.client.on('error', (error: Error) => this.leave(prefix + reasonOf(error)));
      hop.client.on('close', () => this.leave(`${prefix}The connection was closed.`));
      if (hop.transport.destroyed) this.leave(`${prefix}The connection was closed.`);
    }
  }

  async run(line: string): Promise<RemoteCommand> {
    try {
      return await this.start(line);
    } catch (error) {
      if (!(error instanceof ChannelRefused)) throw error;
    }
    await sleep(AGAIN);
    try {
      return await this.start(line);
    } catch (error) {
      throw error instanceof ChannelRefused ? refused(this.name, error) : error;
    }
  }

  private start(line: string): Promise<RemoteCommand> {
    return new Promise((resolve, reject) => {
      if (this.gone !== undefined) return reject(hostLost(this.name, this.gone));
      let late = false;
      const giveUp = (error: Error) => {
        late = true;
        clearTimeout(timer);
        reject(error);
      };
      const timer = setTimeout(
        () => giveUp(notStarted(this.name, `It did not answer for ${START / 1000} s.`)),
        START,
      );
      void this.lost.then((why) => giveUp(hostLost(this.name, why)));
      try {
        this.client.exec(line, (error, channel) => {
          if (error)
            giveUp(
              this.gone === undefined ? new ChannelRefused(error.message) : hostLost(this.name, this.gone),
            );
          else if (late) channel.close();
          else {
            clearTimeout(timer);
            resolve(this.commandOf(channel));
          }
        });
      } catch {
        giveUp(hostLost(this.name, 'It is not connected.'));
      }
    });
  }

  close(): void {
    this.leave('It was closed.');
  }

  /** Once: says why, and closes everything, the last hop first. */
  private leave(why: string): void {
    if (this.gone !== undefined) return;
    this.gone = why;
    this.settle(why);
    leaveHops(this.hops);
  }

  private commandOf(channel: Channel): RemoteCommand {
    let end: RemoteEnd = {};
    let linger = LINGER;
    const ended = new Promise<RemoteEnd>((resolve) => {
      const finish = () => resolve(this.gone === undefined ? end : { ...end, lost: this.gone });
      channel.on('exit', (code: number | null, signal?: string) => {
        end = code === null ? { signal: quoted(signal ?? '') } : { code };
        setTimeout(finish, linger).unref();
      });
      channel.on('close', finish);
      void this.lost.then(finish);
    });
    // What is written to a command that has ended; `ended` says so.
    channel.on('error', () => undefined);
    channel.stderr.on('error', () => undefined);
    // Of a command that is killed nobody reads the streams to their ends.
    const kill = () => {
      linger = 0;
      channel.signal('KILL');
      channel.close();
    };
    return { input: channel, output: channel, errors: channel.stderr, ended, kill };
  }
}

/** A server opened no channel for a command. */
class ChannelRefused extends Error {}

function refused(name: string, error: Error): Error {
  const words = quoted(error.message.replace(/^\(SSH\) /, ''));
  return notStarted(name, `It says: ${words}. It may allow no commands, or no more at a time (MaxSessions).`);
}

function reasonOf(error: NodeJS.ErrnoException & { level?: string }): string {
  if (error.message === 'Keepalive timeout') return 'It does not answer any more.';
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return 'The connection was reset.';
  return `The connection broke: ${quoted(error.message)}.`;
}
