import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { installed, needsProgram, ownDirectory } from '../programs';
import type { Right, Scenario, Stage } from '../scenario';

/** Nothing is wrong with it, whatever it does. */
function healthy(
  name: string,
  stage: (stage: Stage) => Promise<number>,
  parts: Partial<Scenario> = {},
): Scenario {
  const right: Right = { severity: 'info', says: [/./] };
  return { name: `healthy ${name}`, healthy: true, ...right, ordinary: right, stage, ...parts };
}

const SERVER = "require('http').createServer((q, r) => r.end('ok')).listen(0, '127.0.0.1')";
const TIMERS = 'setInterval(() => {}, 100)';
const READER = "setInterval(() => require('fs').readFile('/proc/self/status', () => {}), 5)";

function fio(name: string, words: readonly string[]): Scenario {
  return healthy(
    `fio ${name}`,
    async (stage) => {
      needsProgram(stage, 'fio');
      const job = ['--name=j', '--size=8m', '--rw=randrw', '--time_based', '--runtime=40', '--thread'];
      return installed(stage, 'fio', [...job, ...words], 3);
    },
    { needs: ['ioUring'] },
  );
}

/** A server of its own, at rest. */
export async function mariadbServer(
  stage: Stage,
): Promise<{ readonly pid: number; readonly socket: string }> {
  needsProgram(stage, 'mariadbd');
  needsProgram(stage, 'mariadb-install-db');
  const directory = ownDirectory(stage);
  const data = join(directory, 'data');
  const common = ['--no-defaults', `--datadir=${data}`, '--user=root'];
  execFileSync('mariadb-install-db', [...common, '--auth-root-authentication-method=normal'], {
    stdio: 'ignore',
    timeout: 60_000,
  });
  const socket = join(directory, 's');
  const own = [`--socket=${socket}`, '--skip-networking', `--pid-file=${join(directory, 'pid')}`];
  return { pid: await installed(stage, 'mariadbd', [...common, ...own], 6, directory), socket };
}

async function mariadb(stage: Stage): Promise<number> {
  return (await mariadbServer(stage)).pid;
}

async function redis(stage: Stage): Promise<number> {
  needsProgram(stage, 'redis-server');
  return installed(stage, 'redis-server', ['--port', '0', '--unixsocket', 'redis.sock', '--save', ''], 2);
}

/** Servers and programs at rest or at work. */
export const HEALTHY: readonly Scenario[] = [
  healthy('Node server', (stage) => installed(stage, stage.who.node, ['-e', SERVER], 2)),
  healthy('Node timers', (stage) => installed(stage, stage.who.node, ['-e', TIMERS], 2)),
  healthy('Node at work', (stage) => installed(stage, stage.who.node, ['-e', READER], 2)),
  healthy('shell that waits', (stage) => installed(stage, 'sh', ['-c', 'sleep 100; true'], 1)),
  healthy('processor-bound loop', (stage) => installed(stage, 'sh', ['-c', 'while :; do :; done'], 1)),
  fio('io_uring', ['--ioengine=io_uring', '--iodepth=16']),
  fio('io_uring direct', ['--ioengine=io_uring', '--iodepth=16', '--direct=1']),
  fio('SQPOLL', ['--ioengine=io_uring', '--iodepth=8', '--sqthread_poll=1']),
  fio('Linux AIO', ['--ioengine=libaio', '--iodepth=16', '--direct=1']),
  fio('psync', ['--ioengine=psync', '--fsync=32']),
  { name: 'healthy MariaDB', healthy: true, needs: ['root'], severity: 'info', says: [/./], stage: mariadb },
  healthy('redis', redis),
];
