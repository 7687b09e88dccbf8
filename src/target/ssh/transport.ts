import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Client } from 'ssh2';
import type { HostOptions } from './hostOptions';
import { ProxyCommand } from './proxyCommand';
import { quoted, unreachable } from './sshErrors';

/** Where a connection may come from. */
export interface Origin {
  readonly env: NodeJS.ProcessEnv;
  /** The jump host before, with its name. */
  readonly through?: { readonly client: Client; readonly name: string };
}

/** Byte streams to a host's SSH server. Rejects with a UserError; `signal` ends the attempt. */
export function openTransport(host: HostOptions, origin: Origin, signal: AbortSignal): Promise<Duplex> {
  const { through } = origin;
  if (through) return forwarded(host, through, signal);
  if (host.proxyCommand !== undefined)
    return Promise.resolve(new ProxyCommand(host.proxyCommand, origin.env));
  return overTcp(host, signal);
}

function forwarded(
  { name, hostname, port }: HostOptions,
  through: { readonly client: Client; readonly name: string },
  signal: AbortSignal,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(unreachable(name, `The jump host ${through.name} ${why}.`));
    signal.addEventListener('abort', () => fail('did not connect to it'), { once: true });
    through.client.once('close', () => fail('was lost'));
    try {
      through.client.forwardOut('127.0.0.1', 0, hostname, port, (error, channel) => {
        if (error) return fail(`does not lead there: ${refusal(error, hostname, port)}`);
        if (signal.aborted) channel.close();
        resolve(channel);
      });
    } catch {
      fail('was lost');
    }
  });
}

/** Why a jump host opens no way (RFC 4254, 5.1). */
function refusal(error: Error & { reason?: unknown }, hostname: string, port: number): string {
  if (error.reason === 1) return 'it does not allow it (AllowTcpForwarding, PermitOpen)';
  const words = quoted(error.message.replace(/^\(SSH\) /, ''));
  return error.reason === 2 ? `it does not reach ${hostname}, port ${port}: ${words}` : words;
}

function overTcp({ name, hostname, port }: HostOptions, signal: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port });
    socket.setNoDelay(true);
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    const fail = (error: NodeJS.ErrnoException) => reject(tcpError(name, hostname, port, error));
    socket.once('error', fail);
    socket.once('connect', () => {
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

function tcpError(name: string, hostname: string, port: number, error: NodeJS.ErrnoException): Error {
  const where = `${hostname}, port ${port}`;
  switch (error.code) {
    case 'ENOTFOUND':
    case 'EAI_NONAME':
    case 'EAI_NODATA':
      return unreachable(
        name,
        `No address of ${hostname} is known.`,
        'Check the name, or HostName in ~/.ssh/config.',
      );
    case 'EAI_AGAIN':
      return unreachable(name, `The name server did not answer for ${hostname}.`, 'Check the network.');
    case 'ECONNREFUSED':
      return unreachable(name, `Nothing listens at ${where}.`, 'Check the port, and that sshd runs there.');
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return unreachable(
        name,
        `No way leads to ${where} (${error.code}).`,
        'Check the network, or a firewall.',
      );
    default:
      return unreachable(name, `Connecting to ${where} failed: ${error.code ?? quoted(error.message)}.`);
  }
}
