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

export interface OnFuse extends Mounted {
  /** Makes the disk fall silent when all that was written is on it. */
  readonly stop: () => void;
  /** Makes it fall silent as it is. */
  readonly silence: () => void;
  /** The shell's command that lets the server answer again. */
  readonly goOn: string;
}

/** The same on a loop device over a file of a FUSE server. */
export async function onFuse(stage: Stage, type: FileSystem = 'ext4'): Promise<OnFuse> {
  const { directory, server } = await mountHangfs(stage);
  const disk = join(directory, type === 'ext4' ? 'disk1' : 'disk-big');
  const base = mkdtempSync(join(tmpdir(), 'inspect-own-'));
  const goOn = `kill -USR2 ${server.pid}`;
  const own = mounted(stage, type, base, disk, goOn);
  const silence = () => process.kill(server.pid, 'SIGUSR1');
  const stop = () => {
    execFileSync('sync', ['-f', own.directory]);
    uncache(disk);
    silence();
  };
  return { ...own, stop, silence, goOn };
}

/** Read-only images with what packs a directory into one. */
const PACK = {
  squashfs: (folder: string, image: string) => ['mksquashfs', folder, image, '-quiet', '-no-progress'],
  erofs: (folder: string, image: string) => ['mkfs.erofs', image, folder],
} as const;

/** A read-only image on a loop device over a file of a FUSE server. */
export async function packedOnFuse(
  stage: Stage,
  type: keyof typeof PACK,
): Promise<Mounted & { readonly stop: () => void }> {
  const base = mkdtempSync(join(tmpdir(), 'inspect-own-'));
  const [folder, image, directory] = [join(base, 'folder'), join(base, 'image'), join(base, 'mnt')];
  mkdirSync(folder);
  mkdirSync(directory);
  execFileSync('chmod', ['755', base]);
  stage.onTestFinished(toReleaseByShell(`rm -rf --one-file-system ${base}`));
  execFileSync('dd', ['if=/dev/urandom', `of=${join(folder, 'data')}`, 'bs=1M', 'count=1', 'status=none']);
  const [program, ...words] = PACK[type](folder, image);
  if (program === undefined || spawnSync(program, words, { stdio: 'ignore' }).status !== 0)
    stage.skip(`needs ${program}`);
  const { directory: fuse, server } = await mountHangfs(stage);
  const disk = join(fuse, 'disk1');
  execFileSync('dd', [`if=${image}`, `of=${disk}`, 'bs=64K', 'conv=notrunc,fsync', 'status=none']);
  const device = execFileSync('losetup', ['-r', '-f', '--show', disk], { encoding: 'utf8' }).trim();
  const undo = [`kill -USR2 ${server.pid}`, `umount -l ${directory}`, `losetup -d ${device}`];
  stage.onTestFinished(toReleaseByShell(undo.join('; ')));
  const mount = spawnSync('mount', ['-t', type, '-o', 'ro', device, directory], { encoding: 'utf8' });
  if (mount.status !== 0) stage.skip(`${type} cannot be mounted: ${mount.stderr.trim()}`);
  const stop = () => {
    uncache(disk);
    process.kill(server.pid, 'SIGUSR1');
  };
  return { directory, device, file: join(directory, 'data'), stop };
}

/** An overlay of two directories; what is changed goes to `upper`, or to a directory of its own. */
export function overlay(stage: Stage, lower: string, upper?: string): string {
  const base = mkdtempSync(join(tmpdir(), 'inspect-overlay-'));
  const above = upper ?? base;
  const [up, work, directory] = [join(above, 'upper'), join(above, 'work'), join(base, 'mnt')];
  for (const folder of [up, work, directory]) mkdirSync(folder);
  stage.onTestFinished(toReleaseByShell(`umount -l ${directory}; rm -rf --one-file-system ${base}`));
  const options = `lowerdir=${lower},upperdir=${up},workdir=${work}`;
  const mount = spawnSync('mount', ['-t', 'overlay', '-o', options, 'overlay', directory], {
    encoding: 'utf8',
  });
  if (mount.status !== 0) stage.skip(`overlay cannot be mounted: ${mount.stderr.trim()}`);
  return directory;
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

/** A tmpfs of its own, with an empty file `data`. */
export function onMemory(stage: Stage): string {
  const directory = mkdtempSync(join(tmpdir(), 'inspect-memory-'));
  stage.onTestFinished(toReleaseByShell(`umount -l ${directory}; rmdir ${directory}`));
  const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', directory], {
    encoding: 'utf8',
  });
  if (mount.status !== 0) stage.skip(`tmpfs cannot be mounted: ${mount.stderr.trim()}`);
  execFileSync('truncate', ['-s', '16M', join(directory, 'data')]);
  return directory;
}

/** Nothing can write to it until it is given back. */
export function freeze({ directory }: Mounted): void {
  execFileSync('fsfreeze', ['-f', directory]);
}
