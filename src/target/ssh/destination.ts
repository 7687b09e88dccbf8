import { badDestination } from './sshErrors';

/** Where a user says to go; what is absent the configuration tells. */
export interface Destination {
  readonly host: string;
  readonly user?: string;
  readonly port?: number;
}

/**
 * What a shell or an option parser could take for more than a name: a ProxyCommand carries host and user
 * (CVE-2023-51385; ssh.c, valid_hostname and valid_ruser, OpenSSH 9.6).
 */
const UNSAFE_HOST = /^-|['"`$\\;&<>|(){}\s\u0000-\u001f\u007f]/;
const UNSAFE_USER = /^-|['"`;&<>|(){}\u0000-\u001f\u007f]|\\$/;

/** HOST, USER@HOST, USER@HOST:PORT, USER@[ADDRESS]:PORT, ssh://… of the same. Throws a UserError for anything else. */
export function parseDestination(text: string): Destination {
  const plain = text
    .trim()
    .replace(/^ssh:\/\//i, '')
    .replace(/\/$/, '');
  const at = plain.lastIndexOf('@');
  const user = at < 0 ? undefined : plain.slice(0, at);
  const { host, port } = hostAndPort(plain.slice(at + 1));
  if (user === '') throw badDestination(text, 'Its user is empty.');
  checkHost(host, text);
  if (user !== undefined) checkUser(user, text);
  if (port === undefined) return user === undefined ? { host } : { host, user };
  const number = portNumber(port);
  if (number === undefined) throw badDestination(text, 'Its port is no number from 1 to 65535.');
  return user === undefined ? { host, port: number } : { host, user, port: number };
}

/** Throws a UserError for a host that is more than a name. */
export function checkHost(host: string, text = host): void {
  if (host === '') throw badDestination(text, 'Its host is empty.');
  if (UNSAFE_HOST.test(host)) throw badDestination(text, 'Its host has characters that no name has.');
}

/** Throws a UserError for a user that is more than a name. */
export function checkUser(user: string, text = user): void {
  if (UNSAFE_USER.test(user)) throw badDestination(text, 'Its user has characters that no name has.');
}

/** A port, where it is one. */
export function portNumber(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65535 ? port : undefined;
}

function hostAndPort(text: string): { host: string; port?: string } {
  const bracketed = /^\[([^\]]*)\](?::(.*))?$/s.exec(text);
  if (bracketed) return withPort(bracketed[1] ?? '', bracketed[2]);
  const parts = text.split(':');
  // More than one colon: an IPv6 address.
  return parts.length === 2 ? withPort(parts[0] ?? '', parts[1]) : { host: text };
}

function withPort(host: string, port: string | undefined): { host: string; port?: string } {
  return port === undefined ? { host } : { host, port };
}
