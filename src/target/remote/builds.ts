import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Build } from './script';

/** Architectures the probe is built for, as Node names them, with the names that `uname -m` has. */
const MACHINES = { x64: ['x86_64', 'amd64'], arm64: ['aarch64', 'arm64'] } as const;
export type ProbeArch = keyof typeof MACHINES;
const ARCHS = Object.keys(MACHINES) as ProbeArch[];

/** Path of a build on this machine; there need be no such file. */
export type FindProbe = (arch: ProbeArch) => string;

export interface ShippedBuild extends Build {
  readonly bytes: Buffer;
}

/** The builds that are there. */
export async function readBuilds(find: FindProbe): Promise<ShippedBuild[]> {
  const builds = await Promise.all(ARCHS.map((arch) => readBuild(MACHINES[arch], find(arch))));
  return builds.flatMap((build) => build ?? []);
}

async function readBuild(machines: readonly string[], path: string): Promise<ShippedBuild | undefined> {
  try {
    const bytes = await readFile(path);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { machines, sha256, size: bytes.length, bytes };
  } catch {
    return undefined;
  }
}

/** The architecture of a machine's name, where the probe has one for it. */
export function archOf(machine: string): ProbeArch | undefined {
  return ARCHS.find((arch) => (MACHINES[arch] as readonly string[]).includes(machine));
}
