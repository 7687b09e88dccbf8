import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Overrides where the probe is looked for. */
export const PROBE_VARIABLE = 'IO_URING_PROBE';

/** File of the probe below a folder that holds a build: `probe/linux-x64/io-uring-probe`. */
export function probeFile(arch: string): string {
  return join('probe', `linux-${arch}`, 'io-uring-probe');
}

/**
 * Path of the probe for this machine's architecture: $IO_URING_PROBE, else beside the bundle, else in
 * the nearest `dist` above `from` (running from source). Where none exists: the path it ought to have.
 */
export function probePath(from: string, arch: string = process.arch, env = process.env): string {
  const override = env[PROBE_VARIABLE];
  if (override) return resolve(override);
  const beside = join(from, probeFile(arch));
  if (existsSync(beside)) return beside;
  for (let folder = resolve(from); folder !== dirname(folder); folder = dirname(folder)) {
    const built = join(folder, 'dist', probeFile(arch));
    if (existsSync(built)) return built;
  }
  return beside;
}
