import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OpenHost } from '../../../src/inspect/host';
import { openHost } from '../../../src/inspect/openHost';
import { ways } from '../../../src/inspect/ways';
import type { Asker } from '../../../src/target/remoteHost';
import { connectSsh } from '../../../src/target/ssh/connect';
import { type Actor, actor } from './actor';
import { FaultyProxy } from './faultyProxy';
import { testProbe } from './probe';
import { CHECKOUT } from './programs';
import { toReleaseByShell } from './releases';
import { skipUnless } from './rights';
import { Sshd, SshPlace } from './sshd';
import type { Running } from './victim';

/** A host `db1` behind SSH on this machine, with a way to it on which things go wrong, and who acts. */
export interface SshStage {
  readonly at: SshPlace;
  readonly proxy: FaultyProxy;
  /** The user that the server lets in, at home: starts victims, and inspects here. */
  readonly there: Actor;
  /** Whoever sits before the screen: the user who runs the tests, with the configuration of SSH. */
  readonly here: Actor;
  /** Files and processes of the inspector's that are on the host; none once it has left. */
  leftovers(): readonly string[];
  /** Processes of the server that serve a connection, and what they have started. */
  served(): number;
}

/**
 * `db1` leads through the proxy, `gone` to a port where nobody listens. `patience`: seconds between two signs of life that either
 * end asks for; `lines`: more of the server's configuration.
 */
export async function sshStage(
  running: Running,
  patience = 1,
  lines: readonly string[] = [],
): Promise<SshStage> {
  skipUnless(running, 'ioUring', 'sshd');
  const at = new SshPlace(running);
  // A server that does not look whether anybody is there keeps the probe of a way that has fallen silent.
  const server = await Sshd.start(at, running, 'server', [
    `ClientAliveInterval ${patience}`,
    'ClientAliveCountMax 2',
    ...lines,
  ]);
  const proxy = await FaultyProxy.start(running, server.port);
  at.key('k');
  at.file('.ssh/known_hosts', server.knownLine('db1'));
  at.file(
    '.ssh/config',
    `Host gone
HostName 127.0.0.1
Port 1
Host db1
HostName 127.0.0.1
Port ${proxy.port}
HostKeyAlias db1
User ${at.user.name}
IdentityFile ${at.path('k')}
IdentitiesOnly yes
UserKnownHostsFile ${at.path('.ssh/known_hosts')}
ConnectTimeout 2
ServerAliveInterval ${patience}
ServerAliveCountMax 1
`,
  );
  const [uid, gid] = ['-u', '-g'].map((which) =>
    Number(spawnSync('id', [which, at.user.name], { encoding: 'utf8' }).stdout),
  ) as [number, number];
  const withHome = (who: Actor): Actor => ({
    ...who,
    node: '/usr/bin/env',
    through: [`HOME=${at.folder}`, who.node],
  });
  const there: Actor = { ...actor('an ordinary user'), uid, gid };
  return {
    at,
    proxy,
    there,
    here: withHome(actor('root')),
    leftovers: () => leftovers(uid),
    served: () => server.sessions(),
  };
}

/** Opens hosts as a window does, with the stage's configuration of SSH. */
export async function openOnStage({ at }: SshStage): Promise<OpenHost> {
  const probe = await testProbe();
  const options = {
    probe: (arch?: string) => (arch === undefined || arch === 'x64' ? probe : join(CHECKOUT, 'none')),
    kernelMemory: true,
    processMemory: true,
    keepProbe: false,
  };
  const over = async () => ({
    ...(await ways()),
    ssh: (alias: string, asker: Asker, signal: AbortSignal) =>
      connectSsh(alias, { asker, signal, home: at.folder }),
  });
  return (id, asker, signal) => openHost(id, asker, signal, options, over);
}

/** Lets the user of the server do as root whatever it likes; `what` = ALL where its password is wanted. */
export function allowSudo(running: Running, { at }: Pick<SshStage, 'at'>, what = 'NOPASSWD: ALL'): void {
  if (spawnSync('sudo', ['--version']).error) running.skip('needs sudo (apt-get install sudo)');
  const file = `/etc/sudoers.d/${at.user.name}`;
  toReleaseByShell(`rm -f ${file}`);
  writeFileSync(file, `${at.user.name} ALL=(root) ${what}\n`, { mode: 0o440 });
}

function leftovers(uid: number): readonly string[] {
  const folders = [`/tmp/io-uring-inspector-${uid}`, `/run/user/${uid}/io-uring-inspector`];
  const probes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isProbeOf(name, uid))
    .map((pid) => `probe ${pid}`);
  return [...folders.filter((path) => existsSync(path)), ...probes];
}

function isProbeOf(pid: string, uid: number): boolean {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
    return statSync(`/proc/${pid}`).uid === uid && /io-uring-probe/.test(command);
  } catch {
    return false;
  }
}
