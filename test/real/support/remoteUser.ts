import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../../src/model/errors';
import { openCommand } from '../../../src/target/remote/command';
import { openRemote, type RemoteOptions } from '../../../src/target/remote/openRemote';
import type { RemoteHost } from '../../../src/target/remoteHost';
import { stateOf } from './probe';
import { toReleaseByShell } from './releases';
import type { Running } from './victim';

/** An account made for one test file. */
export interface RemoteUser {
  readonly login: string;
  readonly uid: number;
  readonly home: string;
}

let made = 0;

/** Adds an account; it goes when the process that runs the test file ends. Skips without root or useradd. */
export function remoteUser(running: Running, password?: string): RemoteUser {
  if (process.getuid?.() !== 0) return running.skip('needs root to add an account');
  if (spawnSync('useradd', ['--help']).error) return running.skip('needs useradd');
  made += 1;
  const login = `inspect-r${process.pid}-${made}`;
  const home = folder(`${login}-`, '/home');
  toReleaseByShell(`userdel -f ${login} 2>/dev/null`);
  for (let tries = 0; ; tries++) {
    const args = ['--no-create-home', '--home-dir', home, '--shell', '/bin/sh', login];
    const run = spawnSync('useradd', args, { encoding: 'utf8' });
    if (run.status === 0) break;
    if (tries === 20) throw new Error(`useradd: ${run.stderr}`);
    spawnSync('sleep', ['0.2']);
  }
  if (password !== undefined) {
    const run = spawnSync('chpasswd', { input: `${login}:${password}\n`, encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`chpasswd: ${run.stderr}`);
  }
  const uid = Number(spawnSync('id', ['-u', login], { encoding: 'utf8' }).stdout);
  spawnSync('chown', [login, home]);
  return { login, uid, home };
}

/** A folder that goes when the test file's process ends. */
export function folder(prefix: string, below = tmpdir()): string {
  mkdirSync(below, { recursive: true });
  const path = mkdtempSync(join(below, `inspect-${prefix}`));
  toReleaseByShell(`rm -rf --one-file-system '${path}'`);
  chmodSync(path, 0o755);
  return path;
}

/** Whether a process is no more, or only waits for a parent that collects it late. */
export function hasEnded(pid: number): boolean {
  const state = stateOf(pid);
  return state === undefined || state === 'Z';
}

export interface UserHostOptions {
  /** Commands that root runs first, in mounts of this host's own. */
  readonly stage?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The login shell, which gets each line as sshd gives it: `SHELL -c LINE`. */
  readonly shell?: string;
  /** Run before the login shell; `$1` is the shell, `$2` the line. */
  readonly login?: string;
}

const SETPRIV = '/usr/bin/setpriv';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** This machine as the user finds it who logs in from elsewhere. What is mounted by `stage` ends with each command. */
export function userHost(user: RemoteUser, options: UserHostOptions = {}): RemoteHost {
  const { stage = ':', env = {}, shell, login } = options;
  const all = { PATH, HOME: user.home, USER: user.login, LOGNAME: user.login, ...env };
  const words = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  const become = [SETPRIV, `--reuid=${user.login}`, `--regid=${user.login}`, '--init-groups'];
  const staged = ['unshare', '-m', '--propagation', 'private', 'sh', '-c', `${stage}\nexec "$@"`, 'sh'];
  const through = shell === undefined && login === undefined ? [] : [loginProgram(login), shell ?? '/bin/sh'];
  return openCommand(
    [...staged, 'env', '-i', ...words, ...become, '--', ...through],
    `host of ${user.login}`,
  );
}

function loginProgram(login = 'exec "$1" -c "$2"'): string {
  const path = join(folder('login-'), 'login');
  writeFileSync(path, `#!/bin/sh\nset -- "$1" "$4"\n${login}\n`, { mode: 0o755 });
  return path;
}

/** A folder for PATH with these programs: links to those of this machine, or scripts. */
export function programs(names: readonly string[], scripts: Readonly<Record<string, string>> = {}): string {
  const path = folder('path-');
  mkdirSync(path, { recursive: true });
  for (const name of names) {
    const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    if (found.startsWith('/')) spawnSync('ln', ['-s', found, join(path, name)]);
  }
  for (const [name, script] of Object.entries(scripts))
    writeFileSync(join(path, name), script, { mode: 0o755 });
  return path;
}

/** Why no probe can be started on the host, which is left then. */
export async function refusalOf(host: RemoteHost, options: RemoteOptions): Promise<UserError> {
  try {
    const target = await openRemote(host, options);
    target.dispose();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  } finally {
    host.close();
  }
  throw new Error('it was opened');
}
