import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Sample } from '../../src/model/sample';
import { actor } from './support/actor';
import { answerOf, inspect } from './support/inspect';
import { Installed, pidOf } from './support/installed';
import { until } from './support/proc';
import { needs, skipUnless } from './support/rights';

/** A server at rest, and what makes it busy. */
interface Program {
  readonly pid: number;
  /** Starts work that lasts longer than the test: the process that asks for it, where there is one. */
  readonly load: () => ChildProcess | undefined;
}

interface Case {
  readonly name: string;
  readonly start: (installed: Installed) => Promise<Program>;
  /** It has no ring, or may have none. */
  readonly ringless?: true;
}

const LOOKS = 4;

const CASES: readonly Case[] = [
  { name: 'MariaDB', start: mariadb },
  { name: 'nginx', start: nginx, ringless: true },
  { name: 'redis', start: redis, ringless: true },
  { name: 'qemu-storage-daemon', start: storageDaemon },
  { name: 'qemu-img bench', start: imageBench },
  { name: 'Node with io_uring', start: node },
];

describe.skipIf(needs.root() !== undefined)('nothing is stuck in', () => {
  it.for(CASES)('$name, idle and busy', { timeout: 120_000 }, async ({ start, ringless }, context) => {
    skipUnless(context, 'root', 'ioUring');
    const program = await start(new Installed(context));
    await sleep(500);
    const idle = await looks(program.pid);
    const client = program.load();
    await sleep(500);
    const busy = await looks(program.pid);
    expect(client?.exitCode ?? null, 'the work lasts').toBe(null);
    for (const sample of [...idle, ...busy]) {
      if (!ringless) expect(sample.rings.length).toBeGreaterThan(0);
      expect(sample.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
      expect(answerOf(sample).severity).toBe('info');
    }
  });
});

async function looks(pid: number): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let look = 0; look < LOOKS; look++) samples.push(await inspect(actor('root'), pid));
  return samples;
}

async function mariadb(installed: Installed): Promise<Program> {
  installed.needs('mariadbd', 'mariadb-install-db', 'mariadb');
  const { folder } = installed;
  const data = join(folder, 'data');
  const socket = join(folder, 'socket');
  installed.run('chown', ['mysql', folder]);
  installed.run('mariadb-install-db', [
    '--no-defaults',
    '--user=mysql',
    `--datadir=${data}`,
    '--skip-test-db',
  ]);
  const server = installed.start('mariadbd', [
    '--no-defaults',
    '--user=mysql',
    `--datadir=${data}`,
    `--socket=${socket}`,
    `--pid-file=${join(folder, 'pid')}`,
    '--skip-networking',
    '--innodb-use-native-aio=1',
  ]);
  const client = ['--no-defaults', '--user=root', `--socket=${socket}`];
  await installed.answers('mariadb', [...client, '-e', 'select 1']);
  return {
    pid: pidOf(server),
    load: () => {
      const rows =
        'create database d; use d; create table t (a int, b varchar(200)); begin not atomic while true do insert into t select seq, repeat("x", 200) from seq_1_to_2000; truncate t; end while; end';
      return installed.start('mariadb', [...client, '--delimiter=//', '-e', `${rows} //`]);
    },
  };
}

async function nginx(installed: Installed): Promise<Program> {
  installed.needs('nginx', 'curl');
  const socket = join(installed.folder, 'socket');
  const config = installed.file(
    'nginx.conf',
    `daemon off; pid ${installed.folder}/pid; error_log ${installed.folder}/errors; user root;
worker_processes 1; events {} http { access_log off; server { listen unix:${socket}; root ${installed.folder}; } }`,
  );
  installed.file('index.html', 'x'.repeat(65_536));
  const master = installed.start('nginx', ['-c', config, '-p', installed.folder]);
  await installed.answers('curl', ['-s', '--unix-socket', socket, 'http://localhost/']);
  const [worker] = childrenOf(pidOf(master));
  return {
    pid: worker ?? pidOf(master),
    load: () => {
      const asks = `while :; do curl -s -o /dev/null --unix-socket ${socket} 'http://localhost/index.html?[1-500]'; done`;
      return installed.start('sh', ['-c', asks]);
    },
  };
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

async function redis(installed: Installed): Promise<Program> {
  installed.needs('redis-server', 'redis-cli', 'redis-benchmark');
  const socket = join(installed.folder, 'socket');
  const server = installed.start('redis-server', [
    '--port',
    '0',
    '--unixsocket',
    socket,
    '--appendonly',
    'yes',
    '--dir',
    installed.folder,
  ]);
  await installed.answers('redis-cli', ['-s', socket, 'ping']);
  return {
    pid: pidOf(server),
    load: () => installed.start('redis-benchmark', ['-s', socket, '-t', 'set,get', '-l', '-c', '20']),
  };
}

async function storageDaemon(installed: Installed): Promise<Program> {
  installed.needs('qemu-storage-daemon', 'qemu-img');
  const image = join(installed.folder, 'image');
  const socket = join(installed.folder, 'socket');
  installed.run('truncate', ['-s', '64M', image]);
  const daemon = installed.start('qemu-storage-daemon', [
    '--blockdev',
    `driver=file,node-name=image,filename=${image},aio=io_uring,cache.direct=on`,
    '--nbd-server',
    `addr.type=unix,addr.path=${socket},max-connections=4`,
    '--export',
    'type=nbd,id=image,node-name=image,writable=on',
  ]);
  await until(() => existsSync(socket), 'the storage daemon listens');
  return {
    pid: pidOf(daemon),
    load: () =>
      installed.start('qemu-img', [
        ...['bench', '-f', 'raw', '-w', '-c', '100000000'],
        `nbd+unix:///image?socket=${socket}`,
      ]),
  };
}

function imageBench(installed: Installed): Promise<Program> {
  installed.needs('qemu-img');
  const image = join(installed.folder, 'image');
  installed.run('truncate', ['-s', '64M', image]);
  const bench = ['bench', '-f', 'raw', '-t', 'none', '-i', 'io_uring', '-c', '100000000', '-d', '64'];
  const writes = installed.start('qemu-img', [...bench, '-w', image]);
  return Promise.resolve({ pid: pidOf(writes), load: () => undefined });
}

async function node(installed: Installed): Promise<Program> {
  const ready = join(installed.folder, 'ready');
  const script = installed.file(
    'server.mjs',
    `import { createServer } from 'node:net';
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
createServer().listen('${join(installed.folder, 'socket')}');
await writeFile('${ready}', 'x'.repeat(100000));
let busy = false;
const work = async () => { for (;;) { await stat('${ready}'); await readFile('${ready}'); } };
setInterval(() => { if (existsSync('${join(installed.folder, 'busy')}') && !busy) { busy = true; for (let i = 0; i < 8; i++) void work(); } }, 200);
`,
  );
  const server = installed.start(process.execPath, [script], { UV_USE_IO_URING: '1' });
  await until(() => existsSync(ready), 'the server listens');
  return {
    pid: pidOf(server),
    load: () => {
      installed.file('busy', '');
      return undefined;
    },
  };
}
