/** An SSH server of OpenSSH's on 127.0.0.1 with keys of its own, and a user that it lets in with a password, who may use sudo. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Skip } from './report.mjs';

/** Everything goes when its stdin closes, also because this process died. */
const guard = `
trap '' TERM INT HUP
read -r _
userdel -f "$LOGIN" 2>/dev/null
rm -rf -- "/etc/sudoers.d/$LOGIN" "$FOLDER"
`;

/** Answers `home` (that of the client, where db1 is configured), `user`, `password`, and what can be done to the server. */
export async function startSshServer() {
  if (process.getuid() !== 0) throw new Skip('needs root: adds a user and starts an SSH server');
  for (const [program, name] of [
    ['/usr/sbin/sshd', 'openssh-server'],
    ['/usr/bin/sudo', 'sudo'],
  ])
    if (!existsSync(program)) throw new Skip(`needs ${program} (apt-get install ${name})`);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'io-uring-inspector-ssh-'));
  await chmod(folder, 0o755);
  const [user, password] = [`inspect-ui-${process.pid}`, `secret-${process.pid}-word`];
  const env = { ...process.env, LOGIN: user, FOLDER: folder };
  const keeper = spawn('/bin/sh', ['-c', guard], {
    detached: true,
    stdio: ['pipe', 'ignore', 'inherit'],
    env,
  });
  const server = new SshServer(folder, user, password, keeper);
  try {
    run('useradd', ['-M', '-d', '/tmp', '-s', '/bin/sh', user]);
    run('chpasswd', [], `${user}:${password}\n`);
    await writeFile(`/etc/sudoers.d/${user}`, `${user} ALL=(root) ALL\n`, { mode: 0o440 });
    await server.prepare();
    await server.start();
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

class SshServer {
  constructor(folder, user, password, keeper) {
    Object.assign(this, { folder, user, password, keeper, home: path.join(folder, 'home') });
  }

  async prepare() {
    this.port = await freePort();
    await mkdir(path.join(this.home, '.ssh'), { recursive: true, mode: 0o700 });
    const known = path.join(this.home, '.ssh/known_hosts');
    const config = [
      'Host db1',
      'HostName 127.0.0.1',
      `Port ${this.port}`,
      `User ${this.user}`,
      'IdentityFile none',
      'IdentityAgent none',
      `UserKnownHostsFile ${known}`,
      'GlobalKnownHostsFile none',
    ];
    await writeFile(path.join(this.home, '.ssh/config'), config.join('\n'), { mode: 0o600 });
    this.newKey();
    const lines = [
      `Port ${this.port}`,
      'ListenAddress 127.0.0.1',
      'PidFile none',
      'UsePAM no',
      'UseDNS no',
      'PrintMotd no',
      'StrictModes no',
      'PasswordAuthentication yes',
      'KbdInteractiveAuthentication no',
      `AllowUsers ${this.user}`,
      `HostKey ${this.key}`,
    ];
    this.config = path.join(this.folder, 'sshd.conf');
    await writeFile(this.config, lines.join('\n'));
    mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  }

  /** The server has another key from its next start on. */
  newKey() {
    this.key = path.join(this.folder, 'key');
    run('rm', ['-f', this.key, `${this.key}.pub`]);
    run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', this.key]);
  }

  fingerprint() {
    return run('ssh-keygen', ['-l', '-f', `${this.key}.pub`]).split(' ')[1];
  }

  async start() {
    const args = ['-D', '-f', this.config, '-E', path.join(this.folder, 'log')];
    this.child = spawn('/usr/sbin/sshd', args, { stdio: 'ignore' });
    for (let tries = 0; !(await answers(this.port)); tries++) {
      if (tries === 100) throw new Error('sshd does not answer');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends the connections, those on which somebody is still asked, too. */
  hangUp() {
    for (const pid of descendants(this.child.pid)) kill(pid);
  }

  /** Ends the connections and takes no more. */
  end() {
    this.hangUp();
    kill(this.child.pid);
  }

  async stop() {
    if (this.child) this.end();
    const closed = new Promise((resolve) => this.keeper.on('close', resolve));
    this.keeper.stdin.end();
    await closed;
  }
}

function run(command, args, input) {
  const done = spawnSync(command, args, { encoding: 'utf8', input });
  if (done.status !== 0) throw new Error(`${command} ended with ${done.status}: ${done.stderr}`);
  return done.stdout;
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

function descendants(pid) {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  const children = stdout.split('\n').map(Number).filter(Boolean);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
    server.on('error', reject);
  });
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => socket.destroy());
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(socket.bytesRead > 0));
  });
}
