import type { Resource } from '../model/sample';
import type { Target } from '../target/target';
import { textOf } from './text';

/** Adds to files on FUSE how many requests their server has not answered (/sys/fs/fuse/connections/MINOR/waiting). */
export async function addFuseWaiting(target: Target, resources: readonly Resource[]): Promise<Resource[]> {
  const minors = new Set<string>();
  for (const resource of resources) {
    const minor = fuseMinor(resource);
    if (minor !== undefined) minors.add(minor);
  }
  if (minors.size === 0) return [...resources];
  const wanted = [...minors];
  const files = await target.read(wanted.map((minor) => `/sys/fs/fuse/connections/${minor}/waiting`));
  const waiting = new Map<string, number>();
  wanted.forEach((minor, index) => {
    const count = Number(textOf(files[index])?.trim() || Number.NaN);
    if (Number.isInteger(count)) waiting.set(minor, count);
  });
  return resources.map((resource) => {
    const count = waiting.get(fuseMinor(resource) ?? '');
    return count === undefined ? resource : { ...resource, waiting: count };
  });
}

function fuseMinor(resource: Resource): string | undefined {
  return resource.fsType?.startsWith('fuse') ? resource.device?.split(':')[1] : undefined;
}
