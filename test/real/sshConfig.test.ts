import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveHost, type SshSurroundings } from '../../src/target/ssh/config';
import { loadLibrary } from '../../src/target/ssh/loadLibrary';
import { sshSurroundings } from '../../src/target/ssh/surroundings';
import { needs } from './support/rights';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inspect-ssh-config-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ENV = { ...process.env, SSH_AUTH_SOCK: '/run/agent.sock', THERE: '/from/env' };

function around(config: string): SshSurroundings {
  return { ...sshSurroundings(homedir(), ENV), configs: [{ path: config, folder }] };
}

/** What OpenSSH itself makes of a configuration; undefined where it refuses it. */
function openssh(config: string, alias: string): ReadonlyMap<string, string[]> | undefined {
  const { status, stdout } = spawnSync('ssh', ['-F', config, '-G', alias], {
    env: ENV,
    encoding: 'utf8',
  });
  if (status !== 0) return undefined;
  const said = new Map<string, string[]>();
  for (const line of stdout.split('\n')) {
    const at = line.indexOf(' ');
    const keyword = line.slice(0, at);
    if (at > 0) said.set(keyword, [...(said.get(keyword) ?? []), line.slice(at + 1)]);
  }
  return said;
}

const home = (path: string) => path.replace(/^~(?=\/)/, homedir());
const AGENTS: Readonly<Record<string, string | undefined>> = {
  none: undefined,
  SSH_AUTH_SOCK: ENV.SSH_AUTH_SOCK,
};

/** Both answers in the same words. */
async function both(text: string, alias: string): Promise<{ ours: unknown; theirs: unknown }> {
  const config = join(folder, 'config');
  writeFileSync(config, text, { mode: 0o600 });
  const said = openssh(config, alias);
  const ours = await resolveHost(alias, around(config), await loadLibrary()).then(
    (options) => ({
      user: options.user,
      hostname: options.hostname,
      port: String(options.port),
      identityFiles: options.identityFiles,
      identitiesOnly: options.identitiesOnly,
      agent: options.agent,
      jumps: options.jumps.join(','),
      proxyCommand: options.proxyCommand,
      alias: options.hostKeyAlias,
      userKnownHosts: options.userKnownHostsFiles.join(' '),
      globalKnownHosts: options.globalKnownHostsFiles.join(' '),
      strict: options.strictHostKeyChecking,
      alive: [options.serverAliveInterval, options.serverAliveCountMax],
      timeout: options.connectTimeout,
      prompts: options.passwordPrompts,
    }),
    () => undefined,
  );
  if (!said) return { ours, theirs: undefined };
  const one = (keyword: string) => said.get(keyword)?.[0];
  const agent = one('identityagent');
  const proxy = one('proxycommand');
  const strict = one('stricthostkeychecking');
  const timeout = one('connecttimeout');
  return {
    ours,
    theirs: {
      user: one('user'),
      hostname: one('hostname'),
      port: one('port'),
      identityFiles: (said.get('identityfile') ?? []).filter((file) => file !== 'none').map(home),
      identitiesOnly: one('identitiesonly') === 'yes',
      agent: agent === undefined ? ENV.SSH_AUTH_SOCK : agent in AGENTS ? AGENTS[agent] : home(agent),
      jumps: one('proxyjump') ?? '',
      proxyCommand: proxy === undefined || proxy === 'none' ? undefined : proxy,
      alias: one('hostkeyalias'),
      userKnownHosts: one('userknownhostsfile')?.replace('none', '').split(' ').map(home).join(' '),
      globalKnownHosts: one('globalknownhostsfile'),
      strict: { true: 'yes', false: 'no' }[strict ?? ''] ?? strict,
      alive: [Number(one('serveraliveinterval')), Number(one('serveralivecountmax'))],
      timeout: timeout === 'none' ? undefined : Number(timeout),
      prompts: Number(one('numberofpasswordprompts')),
    },
  };
}

const CASES: readonly (readonly [name: string, config: string, ...aliases: string[]])[] = [
  ['nothing', '', 'db1', 'joe@db1', 'ssh://joe@db1:2200', 'DB1'],
  [
    'the first value holds',
    'Host db1\n  Port 1\n  User a\nHost *\n Port 2\n User b\n HostName x.y\nPort 3',
    'db1',
    'db2',
    'joe@db1',
  ],
  [
    'patterns and negation',
    'Host web* !web3 10.0.?.1\n Port 7\nHost !a *\n Port 8',
    'web1',
    'web3',
    '10.0.2.1',
    'a',
  ],
  [
    '=, tabs, case, quotes, comments',
    'hOST="db1" # c\n\tPORT = 22\n  User="j oe"\n#Port 3\nUser x',
    'db1',
    'x',
  ],
  ['single quotes and escapes', `Host 'a' "b"\n IdentityFile '/k/a b'\n IdentityFile "/k/c \\"d"`, 'a', 'b'],
  ['line ends of Windows', 'Host a\r\n Port 5\r\n User u\r\n', 'a', 'b'],
  ['HostName with %h', 'Host a b\n HostName %h.example.ORG\n', 'a', 'c'],
  [
    'several keys, one of them twice',
    'Host a\n IdentityFile ~/k1\n IdentityFile /k2\nHost *\n IdentityFile ~/k1',
    'a',
  ],
  ['no keys at all', 'Host a\n IdentityFile none\n IdentitiesOnly yes', 'a'],
  [
    'agents',
    'Host a\nIdentityAgent none\nHost b\nIdentityAgent ~/x.sock\nHost c\nIdentityAgent SSH_AUTH_SOCK',
    'a',
    'b',
    'c',
    'd',
  ],
  ['jumps', 'Host a\n ProxyJump j1,u@j2:22\nHost b\n ProxyJump none\nHost *\n ProxyJump z', 'a', 'b', 'c'],
  ['a jump before a command', 'Host a\n ProxyJump j\nHost *\n ProxyCommand nc x y', 'a', 'b'],
  ['a command before a jump', 'Host a\n ProxyCommand none\nHost *\n ProxyJump j', 'a', 'b'],
  ['commands keep quotes and #', 'ProxyCommand nc -X 5 "a  b" \'c\' \\"d # e', 'a'],
  [
    'Match host',
    'Host a\n HostName real.org\nMatch host real.*,!x\n Port 9\nMatch host a\n Port 10',
    'a',
    'REAL.org',
    'x',
  ],
  ['Match originalhost', 'HostName real.org\nMatch originalhost a,b*\n Port 9', 'a', 'bc', 'c'],
  [
    'Match user and localuser',
    'Match user joe,ann host db*\n Port 9\nMatch localuser root\n Port 4',
    'joe@db1',
    'x@db1',
  ],
  ['Match with !', 'Match !host a,b !user joe\n Port 9', 'a', 'c', 'joe@c'],
  ['Match all', 'Host a\n Port 1\nMatch all\n Port 2', 'a', 'b'],
  ['Match final', 'Match final host *.org\n Port 9\nHost a\n HostName x.org\n', 'a', 'b'],
  ['Match final all', 'Host a\n Port 1\nMatch final all\n Port 3\n User f', 'a', 'b'],
  ['Match canonical', 'Match canonical all\n Port 3', 'a'],
  ['Match exec that fails', 'Match exec false\n Port 9\nMatch all\n User x', 'a'],
  ['known hosts', 'UserKnownHostsFile ~/k1 "/k 2"\nGlobalKnownHostsFile /g\nHostKeyAlias Alias', 'a'],
  ['no file of known hosts', 'UserKnownHostsFile none', 'a'],
  [
    'strictness',
    'Host a\n StrictHostKeyChecking yes\nHost b\n StrictHostKeyChecking accept-new\nHost c\nStrictHostKeyChecking off',
    'a',
    'b',
    'c',
    'd',
  ],
  [
    'times',
    'Host a\n ServerAliveInterval 1m30s\n ServerAliveCountMax 5\n ConnectTimeout 1h\nHost *\n ConnectTimeout 7',
    'a',
    'b',
  ],
  ['prompts', 'NumberOfPasswordPrompts 1', 'a'],
  ['an option in front of all', 'Port 5\nHost a\n Port 6', 'a'],
  ['an open quote', 'Host "a\n Port 5', 'a'],
  ['a bad port', 'Port many', 'a'],
  ['IPv6', 'Host ::1\n Port 5\n', '::1', 'FE80::A'],
];

describe.skipIf(needs.ssh() !== undefined)(`what ssh -G says (${needs.ssh() ?? 'is here'})`, () => {
  it.each(CASES)('%s', async (_name, config, ...aliases) => {
    for (const alias of aliases) {
      const { ours, theirs } = await both(config, alias);
      expect(ours, alias).toEqual(theirs);
    }
  });

  it('follows Include: patterns in order, relative and nested, below a Host that matches or does not', async () => {
    mkdirSync(join(folder, 'conf.d/deep'), { recursive: true });
    const put = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
    put('conf.d/1.conf', 'Host a\n Port 11\nHost *\n User one\n');
    put('conf.d/2.conf', `Port 12\nInclude ${folder}/conf.d/deep/*\n`);
    put('conf.d/.hidden.conf', 'Port 99\n');
    put('conf.d/deep/x', 'Host b\n HostName from.deep\n');
    const all = `Include ${folder}/conf.d/*.conf /nowhere/*\nPort 13\n`;
    const inside = `Host a\n Include ${folder}/conf.d/?.conf\n User after\nHost b\n User b\n`;
    const inMatch = `Match host b\n Include ${folder}/conf.d/2.conf\n User after\n`;
    for (const config of [all, inside, inMatch])
      for (const alias of ['a', 'b', 'c']) {
        const { ours, theirs } = await both(config, alias);
        expect(ours, config + alias).toEqual(theirs);
      }
    // A relative one is looked for in ~/.ssh, which is `folder` here.
    writeFileSync(join(folder, 'config'), 'Include conf.d/2.conf');
    const options = await resolveHost('b', around(join(folder, 'config')), await loadLibrary());
    expect(options).toMatchObject({ port: 12, hostname: 'from.deep' });
  });

  it('agrees on whatever is put together from all of that', { timeout: 60_000 }, async () => {
    const name = fc.constantFrom('a', 'b', 'ab', 'a.org', 'B');
    const pattern = fc.constantFrom('a', 'b', '*', 'a*', '?', '!a', '!b', '*.org', 'A', '!*.org');
    const list = fc.array(pattern, { minLength: 1, maxLength: 3 });
    const criterion = fc.oneof(
      fc
        .tuple(fc.constantFrom('host', 'originalhost', 'user', 'localuser', '!host', '!user'), list)
        .map(([attribute, patterns]) => `${attribute} ${patterns.join(',')}`),
      fc.constantFrom('final', 'final', 'canonical'),
    );
    const head = fc.oneof(
      list.map((patterns) => `Host ${patterns.join(' ')}`),
      fc.array(criterion, { minLength: 1, maxLength: 2 }).map((criteria) => `Match ${criteria.join(' ')}`),
      fc.constant('Match all'),
    );
    const option = fc.constantFrom(
      ...['HostName a.org', 'HostName %h.org', 'User a', 'User b', 'Port 1', 'Port=2', 'IdentityFile ~/1'],
      ...['IdentityFile "/2"', 'ProxyJump j1,j2', 'ProxyJump none', 'ProxyCommand nc x', 'ProxyCommand none'],
      ...['HostKeyAlias k', 'IdentitiesOnly yes', 'StrictHostKeyChecking no', 'ConnectTimeout 2m'],
    );
    const config = fc.array(fc.tuple(head, fc.array(option, { maxLength: 4 })), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(option, { maxLength: 2 }), config, name, async (front, blocks, alias) => {
        const text = [...front, ...blocks.flatMap(([line, options]) => [line, ...options])].join('\n');
        const { ours, theirs } = await both(text, alias);
        expect(ours).toEqual(theirs);
      }),
      { numRuns: 300, interruptAfterTimeLimit: 20_000 },
    );
  });
});
