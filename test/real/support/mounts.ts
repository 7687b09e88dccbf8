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

export async function mountHangfs(running: Running): Promise<Hangfs> {
  const base = temporary(running, 'hangfs', (at) => `umount -l ${quoted(`${at}/mnt`)}`);
  const directory = join(base, 'mnt');
  mkdirSync(directory);
  mountFuseControl(running);
  const server = await startVictim(running, actor('root'), 'hangfs', [directory]);
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

/** A block device that answers nothing: a loop device over a file of hangfs which has stopped. */
export async function silentDisk(running: Running): Promise<string> {
  const { directory, server } = await mountHangfs(running);
  const device = execFileSync('losetup', ['-f', '--show', join(directory, 'disk1')], {
    encoding: 'utf8',
  }).trim();
  running.onTestFinished(toReleaseByShell(`kill -USR2 ${server.pid}; losetup -d ${device}`));
  process.kill(server.pid, 'SIGUSR1');
  return device;
}
