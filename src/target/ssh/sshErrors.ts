import { UserError } from '../../model/errors';
import { printable } from '../../model/printable';

/** Of what a server says, so much is repeated. Characters. */
const QUOTED = 200;

/** A server's words for a sentence of ours. */
export function quoted(text: string): string {
  return printable(text.trim(), QUOTED);
}

export function badConfig(path: string, why: string): UserError {
  return new UserError('host-config', `${printable(path)} cannot be understood.`, why, 'Mend that file.');
}

export function badDestination(text: string, why: string): UserError {
  return new UserError(
    'host-config',
    `"${printable(text, 100)}" is no host that can be connected to.`,
    why,
    'Give a name of ~/.ssh/config, HOST, USER@HOST, USER@HOST:PORT or ssh://USER@HOST:PORT.',
  );
}

export function unreachable(host: string, why: string, remedy?: string): UserError {
  return new UserError('host-unreachable', `${host} cannot be reached.`, why, remedy);
}

export function hostKeyRefused(host: string, why: string, remedy?: string): UserError {
  return new UserError('host-key', `The identity of ${host} is not proven.`, why, remedy);
}

export function notAuthenticated(host: string, why: string, remedy?: string): UserError {
  return new UserError('not-authenticated', `${host} did not let you in.`, why, remedy);
}

export function hostLost(host: string, why: string): UserError {
  return new UserError('host-lost', `The connection to ${host} is lost.`, why, 'Connect again.');
}

export function notStarted(host: string, why: string): UserError {
  return new UserError('host-refused', `${host} does not start a command.`, why);
}

export function cancelled(host: string): UserError {
  return new UserError('cancelled', `Connecting to ${host} was cancelled.`, 'You declined.');
}
