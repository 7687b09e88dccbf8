import { type ErrorCode, UserError } from '../../model/errors';
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

/** The same with the way out, where it is one: `why` says what OpenSSH's own client does and this one does not. */
export function bySystemSsh(error: UserError, alias: string, why: readonly string[]): UserError {
  const code = HELPED[error.code];
  if (code === undefined || why.length === 0) return error;
  const name = printable(alias, 100);
  return new UserError(
    code,
    error.what,
    [error.why, ...why].join(' '),
    `The system’s ssh does that: use the command "ssh ${name}" (--command "ssh ${name}", or in the setting ioUringInspector.hosts).`,
  );
}

/** Errors that its help may be against. A host that was reached before and is gone is still tried again. */
const HELPED: Partial<Record<ErrorCode, ErrorCode>> = {
  'not-authenticated': 'needs-ssh',
  'host-key': 'needs-ssh',
  cancelled: 'needs-ssh',
  'host-unreachable': 'host-unreachable',
};
