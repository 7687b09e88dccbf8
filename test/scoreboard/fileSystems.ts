import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mountHangfs } from '../real/support/mounts';
import { toReleaseByShell } from '../real/support/releases';
import type { Stage } from './scenario';

export interface Mounted {
  readonly directory: string;
  /** The block device below it. */
  readonly device: string;
  /** A file of one MiB that everybody may write; nothing of it is cached. */
  readonly file: string;
}

const MAKE = {
  ext4: ['mkfs.ext4', '-q', '-F'],
  xfs: ['mkfs.xfs', '-q', '-f'],
  btrfs: ['mkfs.btrfs', '-q', '-f'],
} as const;

export type FileSystem = keyof typeof MAKE;

/** A file system of its own on a loop device over a sparse file. Only below this mount is anything frozen or throttled. */
export function ownFileSystem(stage: Stage, type: FileSystem): Mounted {
  const base = mkdtempSync(join(tmpdir(), 'inspect-own-'));
  const image = join(base, 'image');
  execFileSync('truncate', ['-s', '400M', image]);
  return mounted(stage, type, base, image, '');
}

export interface SilentMounted extends Mounted {
  readonly stop: () => void;
  /** The shell's command that lets the server answer again. */
  readonly goOn: string;
}

/** The same on a loop device over a file of a FUSE server, which `stop` makes fall silent. */
export async function onFuse(stage: Stage, type: FileSystem = 'ext4'): Promise<SilentMounted> {
  const { directory, server } = await mountHangfs(stage);
  const disk = join(directory, type === 'ext4' ? 'disk1' : 'disk-big');
  const base = mkdtempSync(join(tmpdir(), 'inspect-own-'));
  const goOn = `kill -USR2 ${server.pid}`;
  const own = mounted(stage, type, base, disk, goOn);
  const stop = () => {
    execFileSync('sync', ['-f', own.directory]);
    uncache(disk);
    process.kill(server.pid, 'SIGUSR1');
  };
  return { ...own, stop, goOn };
}

/** The kernel forgets all that it has read of the file system. */
export function forget({ device, directory }: Mounted): void {
  execFileSync('umount', [directory]);
  execFileSync('mount', [device, directory]);
}

/** The page cache forgets the file, so that reads reach what is below it. */
function uncache(file: string): void {
  execFileSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none']);
}

function mounted(stage: Stage, type: FileSystem, base: string, image: string, first: string): Mounted {
  const directory = join(base, 'mnt');
  mkdirSync(directory);
  execFileSync('chmod', ['755', base]);
  const [make, ...options] = MAKE[type];
  if (spawnSync('sh', ['-c', `command -v ${make}`]).status !== 0) stage.skip(`needs ${make}`);
  const device = execFileSync('losetup', ['-f', '--show', image], { encoding: 'utf8' }).trim();
  const undo = [
    first,
    `fsfreeze -u ${directory}`,
    `umount -l ${directory}`,
    `losetup -d ${device}`,
    `rm -rf --one-file-system ${base}`,
  ];
  stage.onTestFinished(toReleaseByShell(undo.filter(Boolean).join('; ')));
  execFileSync(make, [...options, device], { stdio: ['ignore', 'ignore', 'pipe'] });
  const mount = spawnSync('mount', ['-t', type, device, directory], { encoding: 'utf8' });
  if (mount.status !== 0) stage.skip(`${type} cannot be mounted: ${mount.stderr.trim()}`);
  const file = join(directory, 'data');
  execFileSync('dd', ['if=/dev/zero', `of=${file}`, 'bs=1M', 'count=1', 'conv=fsync', 'status=none']);
  uncache(file);
  execFileSync('chmod', ['666', file]);
  return { directory, device, file };
}

/** Nothing can write to it until it is given back. */
export function freeze({ directory }: Mounted): void {
  execFileSync('fsfreeze', ['-f', directory]);
}
