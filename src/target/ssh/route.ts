import { resolveHost, type SshSurroundings } from './config';
import type { HostOptions } from './hostOptions';
import type { Library } from './loadLibrary';
import { badDestination } from './sshErrors';

/** Hosts on the way to one, at the most. */
const MOST_HOPS = 8;

/** The hosts to go through, the one that is meant last. Of jump hosts the first is reached in its own way. */
export async function routeTo(
  name: string,
  around: SshSurroundings,
  library: Library,
  depth = 0,
): Promise<HostOptions[]> {
  const target = await resolveHost(name, around, library);
  if (depth > MOST_HOPS || target.jumps.length > MOST_HOPS)
    throw badDestination(name, `Its ProxyJump leads through more than ${MOST_HOPS} hosts, or in a circle.`);
  const [first, ...others] = target.jumps;
  if (first === undefined) return [target];
  // "Host *" with a ProxyJump means the jump host, too.
  if (others.length === 0 && same(await resolveHost(first, around, library), target)) return [target];
  const way = await routeTo(first, around, library, depth + 1);
  for (const other of others) way.push(await resolveHost(other, around, library));
  return [...way, target];
}

function same(a: HostOptions, b: HostOptions): boolean {
  return a.hostname === b.hostname && a.port === b.port && a.user === b.user;
}
