import type { Host } from '../model/sample';
import type { ReadResult } from '../probe/protocol';
import { cpuCount } from '../procfs/cpuList';
import { parsePressure } from '../procfs/pressure';
import { parseProcsBlocked } from '../procfs/procsBlocked';
import { parseVersion, parseVersionSignature } from '../procfs/version';
import type { Clocks } from './clock';
import { textOf } from './text';

export const IO_PRESSURE = '/proc/pressure/io';

export const HOST_FILES = [
  '/proc/version',
  '/proc/version_signature',
  '/proc/sys/kernel/hostname',
  '/proc/sys/kernel/osrelease',
  '/sys/devices/system/cpu/online',
  '/proc/stat',
  IO_PRESSURE,
] as const;

/** The host from HOST_FILES, in that order. */
export function hostFrom(
  files: readonly (ReadResult | undefined)[],
  arch: string,
  { uptime, awake }: Clocks,
): Host {
  const [versionText, signature, name, release, online, stat, pressure] = files.map(textOf);
  const cpus = cpuCount(online ?? '');
  const version = parseVersion(versionText ?? '');
  const stable = version?.stable ?? parseVersionSignature(signature ?? '');
  const ioWaiting = parseProcsBlocked(stat ?? '');
  const ioPressure = parsePressure(pressure ?? '');
  return {
    name: name?.trim() || 'unknown',
    kernel: release?.trim() || version?.release || 'unknown',
    ...(stable === undefined ? {} : { stable }),
    arch,
    ...(uptime === undefined ? {} : { uptime }),
    ...(awake === undefined ? {} : { awake }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(ioWaiting === undefined ? {} : { ioWaiting }),
    ...(ioPressure === undefined ? {} : { ioPressure }),
  };
}

/** True when the kernel's release is at least `major.minor`; an unreadable release is taken as new. */
export function kernelAtLeast(release: string, major: number, minor: number): boolean {
  const match = /^(\d+)\.(\d+)/.exec(release);
  if (!match) return true;
  const [, a, b] = match.map(Number);
  return (a ?? 0) > major || ((a ?? 0) === major && (b ?? 0) >= minor);
}

/** Each ring has an inode of its own from 5.17 on; before, every anonymous inode of the system was one. */
export function hasOwnInode(release: string): boolean {
  return kernelAtLeast(release, 5, 17);
}
