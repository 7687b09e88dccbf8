import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Asker, ConfirmQuestion, RemoteHost, SecretQuestion } from '../../../src/target/remoteHost';
import { connectSsh, type SshOptions } from '../../../src/target/ssh/connect';
import { sshSurroundings } from '../../../src/target/ssh/surroundings';
import { killGroup, toRelease, toReleaseByShell } from './releases';
import type { Running } from './victim';

/** The user that the servers let in. */
export interface SshUser {
  readonly name: string;
  readonly password: string;
}

let user: SshUser | undefined;

/** A user of this test file's own, gone when its process ends. */
export function sshUser(): SshUser {
  if (user) return user;
  const made = { name: `inspect-ssh-${process.pid}`, password: `secret-${process.pid}-word` };
  const add = () => spawnSync('useradd', ['-M', '-d', '/tmp', '-s', '/bin/sh', made.name]).status;
  // Another test file may hold the lock of the user database.
  for (let tries = 0; add() !== 0; tries++) {
    if (tries === 20) throw new Error('useradd failed');
    spawnSync('sleep', ['0.2']);
  }
  toReleaseByShell(`userdel -f ${made.name} 2>/dev/null`);
  run('chpasswd', [], `${made.name}:${made.password}\n`);
  user = made;
  return made;
}

/** Runs to its end; throws with the command's complaint. */
export function run(command: string, args: readonly string[], input?: string): string {
  const done = spawnSync(command, args, { encoding: 'utf8', timeout: 20_000, ...(input ? { input } : {}) });
  if (done.status !== 0) throw new Error(`${command} ended with ${done.status}: ${done.stderr}`);
  return done.stdout;
}

/** A folder with a home for the client, and what servers need. All of it goes when the test has ended. */
export class SshPlace {
  readonly folder: string;
  readonly user = sshUser();
  readonly questions: (SecretQuestion | ConfirmQuestion)[] = [];
  readonly log: string[] = [];
  readonly env: NodeJS.ProcessEnv = { PATH: process.env['PATH'] };
  private readonly hosts: RemoteHost[] = [];

  constructor(private readonly running: Running) {
    this.folder = mkdtempSync(join(tmpdir(), 'inspect-ssh-'));
    chmodSync(this.folder, 0o755);
    running.onTestFinished(toRelease(() => rmSync(this.folder, { recursive: true, force: true })));
    running.onTestFinished(() => {
      for (const host of this.hosts) host.close();
    });
    mkdirSync(this.path('.ssh'), { mode: 0o700 });
    writeFileSync(this.path('authorized'), '');
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  file(name: string, text: string, mode = 0o600): string {
    writeFileSync(this.path(name), text, { mode });
    return this.path(name);
  }

  /** A key of the client's; the servers let it in unless `admitted` is false. */
  key(name: string, passphrase = '', args: readonly string[] = ['-t', 'ed25519'], admitted = true): string {
    const path = this.path(name);
    run('ssh-keygen', ['-q', '-N', passphrase, '-a', '2', '-C', name, '-f', path, ...args]);
    if (admitted) this.file('authorized', this.read('authorized') + this.read(`${name}.pub`), 0o644);
    return path;
  }

  read(name: string): string {
    return existsSync(this.path(name)) ? readFileSync(this.path(name), 'utf8') : '';
  }

  knownHosts(): string {
    return this.read('.ssh/known_hosts');
  }

  /** An agent with keys. */
  agent(...keys: readonly string[]): string {
    const socket = this.path('agent.sock');
    const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore', detached: true });
    this.running.onTestFinished(toRelease(() => killGroup(child.pid ?? 0)));
    for (let tries = 0; !existsSync(socket) && tries < 100; tries++) spawnSync('sleep', ['0.05']);
    for (const key of keys) {
      const added = spawnSync('ssh-add', ['-q', key], { env: { ...this.env, SSH_AUTH_SOCK: socket } });
      if (added.status !== 0) throw new Error('ssh-add failed');
    }
    return socket;
  }

  /** Connects with what stands in `config`; `answers` are given to the questions for secrets in turn. */
  async connect(
    alias: string,
    config: string,
    answers: readonly (string | undefined)[] = [],
    options: Partial<SshOptions> & { trusts?: boolean } = {},
  ): Promise<RemoteHost> {
    this.file('.ssh/config', config);
    const left = [...answers];
    const { trusts = true } = options;
    const asker: Asker = {
      secret: async (question) => {
        this.questions.push(question);
        return left.shift();
      },
      confirm: async (question) => {
        this.questions.push(question);
        return trusts;
      },
    };
    const around = sshSurroundings(this.folder, this.env);
    const host = await connectSsh(alias, {
      asker,
      log: (line) => this.log.push(line),
      surroundings: { ...around, configs: around.configs.slice(0, 1) },
      ...options,
    });
    this.hosts.push(host);
    return host;
  }
}

/** An SSH server of OpenSSH's on a free port of 127.0.0.1. */
export class Sshd {
  readonly port: number;
  readonly hostKey: string;
  readonly child: ChildProcess;

  private constructor(
    place: SshPlace,
    running: Running,
    name: string,
    port: number,
    lines: readonly string[],
  ) {
    this.port = port;
    this.hostKey = place.path(name);
    const config = place.file(
      `${name}.conf`,
      [
        `Port ${port}`,
        'ListenAddress 127.0.0.1',
        `PidFile ${place.path(`${name}.pid`)}`,
        `AuthorizedKeysFile ${place.path('authorized')}`,
        'StrictModes no',
        'UseDNS no',
        'PrintMotd no',
        `AllowUsers ${place.user.name}`,
        ...lines,
        'UsePAM no',
        'PasswordAuthentication no',
        'KbdInteractiveAuthentication no',
        `HostKey ${this.hostKey}`,
      ].join('\n'),
    );
    this.child = spawn('/usr/sbin/sshd', ['-D', '-f', config, '-E', place.path(`${name}.log`)], {
      stdio: 'ignore',
      detached: true,
    });
    running.onTestFinished(toRelease(() => this.kill()));
  }

  /** Lines of sshd_config come before the usual ones: the first value holds. */
  static async start(
    place: SshPlace,
    running: Running,
    name = 'server',
    lines: readonly string[] = [],
  ): Promise<Sshd> {
    mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    if (!existsSync(place.path(name)))
      run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', place.path(name)]);
    const server = new Sshd(place, running, name, await freePort(), lines);
    await answers(server.port, () => place.read(`${name}.log`));
    return server;
  }

  /** The line of known_hosts that makes it known under the name it has on 127.0.0.1. */
  knownLine(hosts = `[127.0.0.1]:${this.port}`): string {
    const [type, key] = readFileSync(`${this.hostKey}.pub`, 'utf8').split(' ');
    return `${hosts} ${type} ${key}\n`;
  }

  fingerprint(): string {
    return run('ssh-keygen', ['-l', '-f', `${this.hostKey}.pub`]).split(' ')[1] ?? '';
  }

  /** Processes that serve a connection. */
  sessions(): number {
    return descendants(this.child.pid ?? 0).length;
  }

  /** The server and all that it serves. */
  kill(): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    // Those that serve a connection are sessions of their own.
    for (const child of descendants(pid)) killGroup(child);
    killGroup(pid);
  }
}

function descendants(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  const children = stdout.split('\n').map(Number).filter(Boolean);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

async function answers(port: number, why: () => string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const banner = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('data', () => socket.destroy());
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(socket.bytesRead > 0));
    });
    if (banner) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`sshd does not answer: ${why()}`);
}
