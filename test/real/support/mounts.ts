import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { actor } from './actor';
import { toReleaseByShell } from './releases';
import { type Running, startVictim, type Victim } from './victim';

/** A FUSE file system whose server hangs by the names of its files (test/victims/hangfs.c). */
export interface Hangfs {
  readonly directory: string;
  readonly server: Victim;
}

const quoted = (path: string): string => `'${path.replaceAll("'", "'\\''")}'`;

function temporary(running: Running, purpose: string, undo: (directory: string) => string): string {
  const directory = mkdtempSync(join(tmpdir(), `inspect-${purpose}-`));
  execFileSync('chmod', ['755', directory]);
  const release = toReleaseByShell(`${undo(directory)}; rm -rf --one-file-system ${quoted(directory)}`);
  running.onTestFinished(release);
  return directory;
}

/** `background`: how many requests the server allows in the background; `another`: the file it reads to answer for `self…`. */
export async function mountHangfs(running: Running, background = 256, another?: string): Promise<Hangfs> {
  const base = temporary(running, 'hangfs', (at) => `umount -l ${quoted(`${at}/mnt`)}`);
  const directory = join(base, 'mnt');
  mkdirSync(directory);
  mountFuseControl(running);
  const server = await startVictim(running, actor('root'), 'hangfs', [
    directory,
    'hang',
    String(background),
    ...(another === undefined ? [] : [another]),
  ]);
  return { directory, server };
}

/** Where the kernel counts the requests a FUSE server has not answered; many machines have it mounted already. */
function mountFuseControl(running: Running): void {
  const at = '/sys/fs/fuse/connections';
  if (readFileSync('/proc/mounts', 'utf8').includes(` ${at} fusectl `)) return;
  execFileSync('mount', ['-t', 'fusectl', 'fusectl', at]);
  running.onTestFinished(toReleaseByShell(`umount ${at}`));
}

/** A small ext4 of its own, frozen, holding the file `data`. The root file system is never touched. */
export function frozenFileSystem(running: Running): string {
  const base = temporary(
    running,
    'frozen',
    (at) => `fsfreeze -u ${quoted(`${at}/mnt`)}; umount -l ${quoted(`${at}/mnt`)}`,
  );
  const directory = join(base, 'mnt');
  const image = join(base, 'image');
  mkdirSync(directory);
  execFileSync('truncate', ['-s', '32M', image]);
  execFileSync('mkfs.ext4', ['-q', '-F', image]);
  execFileSync('mount', ['-o', 'loop', image, directory]);
  execFileSync('dd', [
    'if=/dev/zero',
    `of=${directory}/data`,
    'bs=1M',
    'count=1',
    'conv=fsync',
    'status=none',
  ]);
  execFileSync('chmod', ['666', `${directory}/data`]);
  execFileSync('fsfreeze', ['-f', directory]);
  return directory;
}

/** A loop device over a file of hangfs. */
export interface HangingDisk extends Hangfs {
  readonly device: string;
}

/** A block device that answers nothing: a loop device over a file of hangfs which has stopped. */
export async function silentDisk(running: Running): Promise<HangingDisk> {
  const disk = await hangfsDisk(running);
  process.kill(disk.server.pid, 'SIGUSR1');
  return disk;
}

/** It answers until SIGUSR1 stops its server. */
async function hangfsDisk(running: Running): Promise<HangingDisk> {
  const { directory, server } = await mountHangfs(running);
  const device = attach(join(directory, 'disk1'));
  running.onTestFinished(toReleaseByShell(`kill -USR2 ${server.pid}; losetup -d ${device}`));
  return { directory, server, device };
}

function attach(file: string, ...how: readonly string[]): string {
  return execFileSync('losetup', ['-f', '--show', ...how, file], { encoding: 'utf8' }).trim();
}

/** A loop device over a file of an ext4 on another loop device, `lower`, which is over a file of hangfs which has stopped. */
export async function silentTower(running: Running): Promise<HangingDisk & { readonly lower: string }> {
  const below = await hangfsDisk(running);
  const { server, device: lower } = below;
  const base = temporary(
    running,
    'tower',
    (at) => `kill -USR2 ${server.pid}; umount -l ${quoted(`${at}/mnt`)}`,
  );
  const directory = join(base, 'mnt');
  mkdirSync(directory);
  execFileSync('mkfs.ext4', ['-q', '-F', lower]);
  execFileSync('mount', [lower, directory]);
  const image = join(directory, 'image');
  execFileSync('dd', ['if=/dev/zero', `of=${image}`, 'bs=1M', 'count=4', 'conv=fsync', 'status=none']);
  const device = attach(image, '--direct-io=on');
  running.onTestFinished(toReleaseByShell(`kill -USR2 ${server.pid}; losetup -d ${device}`));
  process.kill(server.pid, 'SIGUSR1');
  return { ...below, device, lower };
}

/** A disk of so many MiB that is a file; its path. */
export function loopDisk(running: Running, mebibytes: number): string {
  const base = temporary(running, 'disk', () => ':');
  const image = join(base, 'image');
  execFileSync('dd', ['if=/dev/zero', `of=${image}`, 'bs=1M', `count=${mebibytes}`, 'status=none']);
  const device = execFileSync('losetup', ['-f', '--show', image], { encoding: 'utf8' }).trim();
  running.onTestFinished(toReleaseByShell(`losetup -d ${device}`));
  return device;
}
