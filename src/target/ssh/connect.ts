import { homedir } from 'node:os';
import { UserError } from '../../model/errors';
import { printable } from '../../model/printable';
import type { Asker, RemoteHost } from '../remoteHost';
import { Authentication } from './auth';
import { configuredHosts, type SshSurroundings } from './config';
import { HostKeyCheck } from './hostKeyCheck';
import type { HostOptions } from './hostOptions';
import { Identities } from './identities';
import { type Library, loadLibrary } from './loadLibrary';
import { Login } from './login';
import { Patience } from './patience';
import { routeTo } from './route';
import { bySystemSsh, unreachable } from './sshErrors';
import { type Hop, leaveHops, SshHost } from './sshHost';
import { sshSurroundings } from './surroundings';
import { openTransport } from './transport';
import { unusableIdentities } from './unusable';

/** Seconds to connect and log in to each host, the user's own time not counted; ConnectTimeout overrides it. */
const CONNECT = 20;

export interface SshOptions {
  /** Where `.ssh` is. */
  readonly home?: string;
  readonly asker: Asker;
  /** Told what happens, in lines without any secret. */
  readonly log?: (line: string) => void;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
  /** Instead of this machine's files and environment. */
  readonly surroundings?: SshSurroundings;
}

/** Connects to a host of ~/.ssh/config, or to USER@HOST:PORT. Rejects with a UserError. */
export async function connectSsh(alias: string, options: SshOptions): Promise<RemoteHost> {
  const around = options.surroundings ?? sshSurroundings(options.home ?? homedir());
  const library = await loadLibrary();
  const route = await routeTo(alias, around, library);
  const hops: Hop[] = [];
  try {
    for (const host of route)
      hops.push(await connectHop(host, hops.at(-1), { ...options, alias, around, library }));
  } catch (error) {
    leaveHops(hops);
    throw error;
  }
  return new SshHost(hops as [...Hop[], Hop]);
}

/** Names of hosts in the user's configuration. Rejects with a UserError where it cannot be understood. */
export async function sshHostNames(home: string = homedir()): Promise<string[]> {
  return configuredHosts(sshSurroundings(home), await loadLibrary());
}

interface HopOptions extends SshOptions {
  /** The host that is meant, maybe behind this one. */
  readonly alias: string;
  readonly around: SshSurroundings;
  readonly library: Library;
}

async function connectHop(host: HostOptions, before: Hop | undefined, options: HopOptions): Promise<Hop> {
  const { alias, around, library, signal } = options;
  const log = (line: string) => options.log?.(printable(line));
  for (const note of host.notes) log(note);
  if (signal?.aborted) throw givenUp(host);
  const seconds = host.connectTimeout || CONNECT;
  const ending = new AbortController();
  let stop = (error: UserError): void => {
    late = error;
    ending.abort();
  };
  let late: UserError | undefined;
  let expire = (): void => stop(unreachable(host.name, `No connection came about within ${seconds} s.`));
  const patience = new Patience(seconds * 1000, () => expire());
  const onAbort = () => stop(givenUp(host));
  signal?.addEventListener('abort', onAbort, { once: true });
  const over = new AbortController();
  const asker = patience.asking(options.asker, over.signal);
  let check: HostKeyCheck | undefined;
  let authentication: Authentication | undefined;
  try {
    log(`Connecting to ${host.hostname}, port ${host.port}, as ${host.user}.`);
    check = await HostKeyCheck.open(host, around.files, asker, log);
    const origin = { env: around.env, ...(before ? { through: before } : {}) };
    const transport = await openTransport(host, origin, ending.signal);
    const identities = new Identities(host, asker, library, log, (work) => patience.hold(work));
    authentication = new Authentication(host, identities, asker);
    const asks = () => patience.asks;
    const login = new Login({ host, transport, check, authentication, library, log, asks });
    stop = (error) => login.fail(error);
    expire = () => login.expire(seconds);
    if (late) stop(late);
    return { name: printable(host.name, 100), client: await login.run(), transport };
  } catch (error) {
    const told =
      late ?? (error instanceof UserError ? error : unreachable(host.name, printable(String(error), 200)));
    // Who gives up, or is too late, is not to be told more.
    if (signal?.aborted) throw told;
    throw bySystemSsh(told, alias, await beyondUs(host, told, check, authentication, library));
  } finally {
    patience.end();
    over.abort();
    signal?.removeEventListener('abort', onAbort);
  }
}

/** What OpenSSH's client would have done in the step that failed, in sentences. */
async function beyondUs(
  host: HostOptions,
  { code }: UserError,
  check: HostKeyCheck | undefined,
  authentication: Authentication | undefined,
  library: Library,
): Promise<string[]> {
  if (check?.vouched !== undefined && !check.passed) return [check.vouched];
  // A key that has changed, or is revoked, is so for ssh, too.
  if (code === 'host-key') return [];
  // What is not followed of the configuration is no reason where the user said no.
  const notes = code === 'cancelled' ? [] : host.notes;
  if (!authentication?.begun) return [...notes];
  const ticket = authentication.wantsTicket
    ? ['It takes tickets of Kerberos (GSSAPI), which cannot be shown here.']
    : [];
  return [...(await unusableIdentities(host, library)), ...ticket, ...notes];
}

function givenUp({ name }: HostOptions): UserError {
  return new UserError(
    'cancelled',
    `Connecting to ${printable(name, 100)} was cancelled.`,
    'It was given up.',
  );
}
