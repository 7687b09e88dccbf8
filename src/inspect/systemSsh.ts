import { parseDestination } from '../target/ssh/destination';
import type { HostId, SshHost } from './hostId';

/** Asks for nothing, for there is no terminal; the silence of a host is noticed as elsewhere. */
const OPTIONS = ['-T', '-o', 'BatchMode=yes', '-o', 'ServerAliveInterval=5', '-o', 'ServerAliveCountMax=3'];

/** The same host through OpenSSH's own client, which does what is not done here: certificates, FIDO keys, Kerberos. */
export function bySystemSsh({ alias, sudo }: SshHost & { readonly sudo?: boolean }): HostId {
  const { host, user, port } = parseDestination(alias);
  const where = port === undefined ? [] : ['-p', String(port)];
  const command = ['ssh', ...OPTIONS, ...where, '--', user === undefined ? host : `${user}@${host}`];
  return { kind: 'command', label: `ssh ${alias}`, command, ...(sudo ? { sudo } : {}) };
}
