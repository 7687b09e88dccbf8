import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NeedName } from '../../real/support/rights';
import { startVictim } from '../../real/support/victim';
import { installed, needsProgram, ownDirectory } from '../programs';
import type { Right, Scenario, Stage } from '../scenario';
import { standStill } from '../stand';
import { mariadbServer } from './healthy';

const QUIET: Right = { severity: 'info', says: [/./] };

/** Real programs under load, or waiting for others: nothing is wrong with them. */
function busy(
  name: string,
  stage: (stage: Stage) => Promise<number>,
  parts: Partial<Scenario> = {},
): Scenario {
  return { name: `healthy ${name}`, healthy: true, ...QUIET, ordinary: QUIET, stage, ...parts };
}

const RING: readonly NeedName[] = ['ioUring'];

/** What `load` does goes on while the program is looked at. */
async function under(pid: number, load: Promise<number>): Promise<number> {
  await load;
  return pid;
}

function image(directory: string): string {
  const file = join(directory, 'image');
  execFileSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=1M', 'count=16', 'status=none']);
  execFileSync('chmod', ['666', file]);
  return file;
}

const HTTP = "require('http').createServer((q, r) => r.end('ok')).listen('http.sock')";
const ASK =
  "const h = require('http'); const ask = () => h.get({socketPath: 'http.sock'}, (r) => r.resume().on('end', ask)); ask(); ask()";
const SILENT = "require('net').createServer(() => {}).listen('up.sock')";
const READER = "setInterval(() => require('fs').readFile('/proc/self/status', () => {}), 5)";
const WRITER =
  "const f = require('fs').promises; (async () => { for (;;) { await f.writeFile('out', 'x'.repeat(9999)); await f.readFile('out') } })()";

async function nginx(stage: Stage, name: string): Promise<number> {
  needsProgram(stage, 'nginx');
  const directory = ownDirectory(stage);
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(directory, kind)};`)
    .join(' ');
  const server = `server { listen unix:${join(directory, 'http.sock')}; location / { proxy_pass http://unix:${join(directory, 'up.sock')}; } }`;
  const config = `daemon off; master_process off; error_log stderr; pid ${join(directory, 'pid')}; events {} http { access_log off; ${paths} ${server} }`;
  const file = join(directory, 'nginx.conf');
  writeFileSync(file, config);
  if (name === 'at rest') return installed(stage, 'nginx', ['-c', file, '-p', directory], 2, directory);
  await installed(stage, stage.who.node, ['-e', SILENT], 1, directory);
  const pid = await installed(stage, 'nginx', ['-c', file, '-p', directory], 1, directory);
  needsProgram(stage, 'curl');
  const asks = installed(stage, 'curl', ['--unix-socket', 'http.sock', 'http://x/'], 2, directory);
  return under(pid, asks);
}

async function underNode(stage: Stage): Promise<number> {
  const directory = ownDirectory(stage);
  const pid = await installed(stage, stage.who.node, ['-e', HTTP], 1, directory);
  return under(pid, installed(stage, stage.who.node, ['-e', ASK], 2, directory));
}

async function withUring(stage: Stage, program: string): Promise<number> {
  return installed(stage, 'env', ['UV_USE_IO_URING=1', stage.who.node, '-e', program], 2);
}

async function redis(stage: Stage): Promise<number> {
  needsProgram(stage, 'redis-server');
  needsProgram(stage, 'redis-benchmark');
  const directory = ownDirectory(stage);
  const words = ['--port', '0', '--unixsocket', 'redis.sock', '--save', '', '--appendonly', 'yes'];
  const pid = await installed(stage, 'redis-server', words, 1, directory);
  const load = ['-s', 'redis.sock', '-n', '100000000', '-c', '4', '-t', 'set'];
  return under(pid, installed(stage, 'redis-benchmark', load, 2, directory));
}

async function mariadb(stage: Stage): Promise<number> {
  needsProgram(stage, 'mariadb-slap');
  const { pid, socket } = await mariadbServer(stage);
  const load = ['--concurrency=2', '--number-of-queries=1000000', '--auto-generate-sql-load-type=mixed'];
  const slap = ['--no-defaults', `--socket=${socket}`, '--user=root', '--auto-generate-sql', ...load];
  return under(pid, installed(stage, 'mariadb-slap', slap, 4));
}

async function qemu(stage: Stage): Promise<number> {
  needsProgram(stage, 'qemu-system-x86_64');
  const directory = ownDirectory(stage);
  const drive = `file=${image(directory)},format=raw,if=virtio,aio=io_uring,cache=none`;
  const silent = [
    '-display',
    'none',
    '-serial',
    'none',
    '-monitor',
    'none',
    '-nodefaults',
    '-no-user-config',
  ];
  const machine = ['-machine', 'pc,accel=tcg', '-m', '32', ...silent, '-drive', drive];
  return installed(stage, 'qemu-system-x86_64', machine, 5, directory);
}

async function bench(stage: Stage, ...words: readonly string[]): Promise<number> {
  needsProgram(stage, 'qemu-img');
  const directory = ownDirectory(stage);
  const all = ['bench', '-i', 'io_uring', '-t', 'none', '-c', '50000000', '-d', '8', '-f', 'raw', ...words];
  return installed(stage, 'qemu-img', [...all, image(directory)], 2, directory);
}

const echo = async (stage: Stage, words: readonly string[]): Promise<number> => {
  const { pid } = await startVictim(stage, stage.who, 'echo', words, { busy: true });
  await standStill();
  return pid;
};

export const AT_WORK: readonly Scenario[] = [
  busy('echo server', (stage) => echo(stage, []), { needs: RING }),
  busy('echo server, SQPOLL', (stage) => echo(stage, ['sqpoll']), { needs: RING }),
  busy('echo server, 64 clients', (stage) => echo(stage, ['64']), { needs: RING }),
  busy('echo server without clients', (stage) => echo(stage, ['0']), { needs: RING }),
  busy('echo server, epoll', (stage) => echo(stage, ['epoll'])),
  busy('nginx at rest', (stage) => nginx(stage, 'at rest')),
  busy('nginx with a silent upstream', (stage) => nginx(stage, 'silent upstream')),
  busy('Node server under load', underNode),
  busy('Node with io_uring that reads', (stage) => withUring(stage, READER), { needs: RING }),
  busy('Node with io_uring that writes', (stage) => withUring(stage, WRITER), { needs: RING }),
  busy('redis under load', redis),
  { name: 'healthy MariaDB under load', healthy: true, needs: ['root'], ...QUIET, stage: mariadb },
  busy('QEMU at rest', qemu, { needs: RING }),
  busy('qemu-img bench, reads', (stage) => bench(stage), { needs: RING }),
  busy('qemu-img bench, writes and flushes', (stage) => bench(stage, '-w', '--flush-interval=16'), {
    needs: RING,
  }),
];
