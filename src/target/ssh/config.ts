import { type ConfigEntry, type ConfigFiles, readConfig } from './configFile';
import { checkHost, checkUser, type Destination, parseDestination, portNumber } from './destination';
import { Evaluation } from './evaluate';
import type { AuthMethodName, HostOptions } from './hostOptions';
import type { Library } from './loadLibrary';
import { badConfig } from './sshErrors';
import { replaceHome, replaceTokens, replaceVariables } from './tokens';

/** Where the user's side of SSH is. */
export interface SshSurroundings {
  readonly home: string;
  readonly localUser: string;
  readonly localHost: string;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** The user's own file and the machine's. */
  readonly configs: readonly { readonly path: string; readonly folder: string }[];
  readonly files: ConfigFiles;
}

const USUAL_IDENTITIES = ['rsa', 'ecdsa', 'ecdsa_sk', 'ed25519', 'ed25519_sk', 'xmss', 'dsa'];
const USUAL_METHODS = 'publickey,keyboard-interactive,password';
const WINDOWS_AGENT = '\\\\.\\pipe\\openssh-ssh-agent';

interface ConfigSource {
  readonly path: string;
  readonly entries: readonly ConfigEntry[];
}

/** The configuration with all that it includes. Rejects with a UserError where a file cannot be understood. */
async function readAll(around: SshSurroundings, library: Library): Promise<ConfigSource[]> {
  return Promise.all(
    around.configs.map(async ({ path, folder }) => ({
      path,
      entries: await readConfig(path, { home: around.home, folder }, around.files, library),
    })),
  );
}

/** Names that stand in the configuration without any pattern, for a list to choose from. */
export async function configuredHosts(around: SshSurroundings, library: Library): Promise<string[]> {
  const names = new Set<string>();
  const collect = (entries: readonly ConfigEntry[]): void => {
    for (const entry of entries) {
      if (entry.kind === 'include') entry.files.forEach(collect);
      if (entry.kind !== 'host') continue;
      for (const name of entry.patterns) if (!/[*?!]/.test(name)) names.add(name);
    }
  };
  for (const { entries } of await readAll(around, library)) collect(entries);
  return [...names];
}

/** What holds for a host: `name` is an alias or a destination. Rejects with a UserError. */
export async function resolveHost(
  name: string,
  around: SshSurroundings,
  library: Library,
): Promise<HostOptions> {
  const destination = parseDestination(name);
  const sources = await readAll(around, library);
  const evaluation = new Evaluation({ destination, localUser: around.localUser });
  for (const { path, entries } of sources) evaluation.read(entries, path);
  if (evaluation.wantsFinal) {
    evaluation.beginFinal(lowerName(evaluation.hostname));
    for (const { path, entries } of sources) evaluation.read(entries, path);
  }
  return optionsOf(name, destination, evaluation, around);
}

function optionsOf(
  name: string,
  destination: Destination,
  said: Evaluation,
  around: SshSurroundings,
): HostOptions {
  const configFile = around.configs[0]?.path ?? 'ssh_config';
  const hostname = lowerName(said.hostname);
  checkHost(hostname);
  const user = said.word('user') ?? around.localUser;
  checkUser(user);
  const portText = said.word('port') ?? '22';
  const port = portNumber(portText);
  if (port === undefined) throw badConfig(configFile, `"Port ${portText}" is no port.`);
  const alias = said.word('hostkeyalias')?.toLowerCase();
  const tokens = {
    d: around.home,
    h: hostname,
    i: String(process.getuid?.() ?? ''),
    k: alias ?? destination.host,
    L: around.localHost.split('.')[0] ?? '',
    l: around.localHost,
    n: destination.host,
    p: String(port),
    r: user,
    u: around.localUser,
  };
  const path = (text: string) =>
    replaceHome(replaceVariables(replaceTokens(text, tokens), around.env), around.home);
  const identities = said.all('identityfile').filter((file) => file.toLowerCase() !== 'none');
  const none = said.all('identityfile').length > 0 && identities.length === 0;
  const usual = none ? [] : USUAL_IDENTITIES.map((kind) => `~/.ssh/id_${kind}`);
  const agent = agentOf(said.word('identityagent'), around, path);
  const timeout = seconds(said.word('connecttimeout'));
  const proxyCommand = proxyOf(said, {
    h: hostname,
    n: destination.host,
    p: String(port),
    r: user,
    k: alias ?? hostname,
  });
  return {
    name,
    hostname,
    port,
    user,
    identityFiles: (identities.length > 0 ? identities : usual).map(path),
    certificateFiles: said
      .all('certificatefile')
      .filter((file) => file.toLowerCase() !== 'none')
      .map(path),
    gssapi: truth(said.word('gssapiauthentication'), false),
    identitiesOnly: truth(said.word('identitiesonly'), false),
    ...(agent === undefined ? {} : { agent }),
    jumps: jumpsOf(said),
    ...(proxyCommand === undefined ? {} : { proxyCommand }),
    ...(alias === undefined ? {} : { hostKeyAlias: alias }),
    userKnownHostsFiles: (said.words('userknownhostsfile') ?? ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'])
      .filter((file) => file.toLowerCase() !== 'none')
      .map(path),
    globalKnownHostsFiles: (
      said.words('globalknownhostsfile') ?? ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']
    )
      .filter((file) => file.toLowerCase() !== 'none')
      .map(path),
    strictHostKeyChecking: strictness(said.word('stricthostkeychecking')),
    hashKnownHosts: truth(said.word('hashknownhosts'), false),
    methods: methodsOf(said),
    passwordPrompts: Math.min(count(said.word('numberofpasswordprompts'), 3), 10),
    serverAliveInterval: seconds(said.word('serveraliveinterval')) ?? 0,
    serverAliveCountMax: count(said.word('serveralivecountmax'), 3),
    ...(timeout === undefined ? {} : { connectTimeout: timeout }),
    notes: [...said.notes, ...unfollowed(said)],
  };
}

/** Options that change where or how a host is reached, and are not followed. */
function* unfollowed(said: Evaluation): Generator<string> {
  const canonical = said.word('canonicalizehostname')?.toLowerCase();
  if (canonical === 'yes' || canonical === 'always')
    yield 'CanonicalizeHostname is not followed: the name was looked up as it is.';
  const provider = said.word('pkcs11provider');
  if (provider !== undefined && provider.toLowerCase() !== 'none')
    yield 'The keys of PKCS11Provider are not used.';
}

/** An address may have letters whose case tells something: `fe80::1%Eth0`. */
function lowerName(host: string): string {
  return host.includes(':') ? host : host.toLowerCase();
}

function agentOf(
  configured: string | undefined,
  { env, platform }: SshSurroundings,
  path: (text: string) => string,
): string | undefined {
  const usual = env['SSH_AUTH_SOCK'] || (platform === 'win32' ? WINDOWS_AGENT : undefined);
  if (configured === undefined || configured === 'SSH_AUTH_SOCK') return usual;
  if (configured.toLowerCase() === 'none') return undefined;
  if (/^\$\w+$/.test(configured)) return env[configured.slice(1)] || undefined;
  return path(configured);
}

/** A command's tokens; `none` switches it off. */
function proxyOf(said: Evaluation, tokens: Readonly<Record<string, string>>): string | undefined {
  const command = said.text('proxycommand');
  if (command === undefined || command.toLowerCase() === 'none') return undefined;
  return replaceTokens(command.replace(/^exec\s+/, ''), tokens);
}

function jumpsOf(said: Evaluation): readonly string[] {
  const jumps = said.word('proxyjump');
  return jumps === undefined || jumps.toLowerCase() === 'none'
    ? []
    : jumps.split(',').map((jump) => jump.trim());
}

function methodsOf(said: Evaluation): readonly AuthMethodName[] {
  const on: Record<AuthMethodName, boolean> = {
    publickey: truth(said.word('pubkeyauthentication'), true),
    'keyboard-interactive': truth(
      said.word('kbdinteractiveauthentication') ?? said.word('challengeresponseauthentication'),
      true,
    ),
    password: truth(said.word('passwordauthentication'), true),
  };
  const preferred = (said.word('preferredauthentications') ?? USUAL_METHODS).split(',');
  const known = preferred.filter((method): method is AuthMethodName => Object.hasOwn(on, method));
  return [...new Set(known)].filter((method) => on[method]);
}

function strictness(word: string | undefined): HostOptions['strictHostKeyChecking'] {
  switch (word?.toLowerCase()) {
    case 'yes':
    case 'true':
      return 'yes';
    case 'no':
    case 'false':
    case 'off':
      return 'no';
    case 'accept-new':
      return 'accept-new';
    default:
      return 'ask';
  }
}

function truth(word: string | undefined, otherwise: boolean): boolean {
  switch (word?.toLowerCase()) {
    case undefined:
      return otherwise;
    case 'yes':
    case 'true':
    case 'unbound':
    case 'host-bound':
      return true;
    case 'no':
    case 'false':
      return false;
    default:
      return otherwise;
  }
}

function count(word: string | undefined, otherwise: number): number {
  return word !== undefined && /^\d{1,6}$/.test(word) ? Number(word) : otherwise;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** A time as OpenSSH writes it: `90`, `1m30s`. Undefined for anything else. */
function seconds(word: string | undefined): number | undefined {
  if (word === undefined || !/^(\d{1,9}[smhdw]?)+$/i.test(word)) return undefined;
  let sum = 0;
  for (const [, digits, unit = ''] of word.matchAll(/(\d+)([smhdw]?)/gi))
    sum += Number(digits) * (UNITS[unit.toLowerCase()] ?? 1);
  return sum;
}
