import { readdir, readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import type { SshSurroundings } from './config';
import type { ConfigFiles } from './configFile';

const FILES: ConfigFiles = {
  read: (path) => readFile(path, 'utf8').catch(() => undefined),
  list: (path) => readdir(path).catch(() => []),
};

/** This machine as an SSH client sees it. */
export function sshSurroundings(home: string, env = process.env): SshSurroundings {
  const folder = join(home, '.ssh');
  const system =
    process.platform === 'win32' ? `${env['ProgramData'] ?? 'C:\\ProgramData'}\\ssh` : '/etc/ssh';
  return {
    home,
    localUser: localUser(env),
    localHost: hostname(),
    env,
    platform: process.platform,
    configs: [
      { path: join(folder, 'config'), folder },
      { path: join(system, 'ssh_config'), folder: system },
    ],
    files: FILES,
  };
}

/** A user without an entry in the user database has only the environment's word. */
function localUser(env: NodeJS.ProcessEnv): string {
  try {
    return userInfo().username;
  } catch {
    return env['USER'] ?? env['USERNAME'] ?? '';
  }
}
