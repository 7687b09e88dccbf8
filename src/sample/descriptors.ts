import type { ListResult } from '../probe/protocol';
import { type FdLink, parseFdLink } from '../procfs/fdLink';
import type { Target } from '../target/target';
import { textOf } from './text';

/** One open descriptor: what it links to, and its fdinfo as text. */
export interface Descriptor {
  readonly fd: number;
  readonly text: string;
  readonly link: FdLink;
  /** Absent where it was not asked for or could not be read. */
  readonly info?: string;
}

export interface DescriptorsFound {
  readonly descriptors: readonly Descriptor[];
  /** Why none could be listed: the errno. */
  readonly refused?: string;
  /** Descriptors whose fdinfo did not answer in time. */
  readonly timedOut: readonly number[];
}

/** Bytes of one fdinfo: a ring of 32k entries prints 5.5 MB. */
export const FDINFO_LIMIT = 16 << 20;

/** Resolves the descriptors in a listing of /proc/PID/fd and reads the fdinfo of those it says something of; of rings see ringInfo. */
export async function readDescriptors(
  target: Target,
  pid: number,
  listing: ListResult,
): Promise<DescriptorsFound> {
  if (!listing.ok) return { descriptors: [], refused: listing.errno, timedOut: [] };
  const bare = bareDescriptors(listing);
  const wanted = bare.filter(
    (descriptor) =>
      descriptor.link.kind !== 'socket' && descriptor.link.kind !== 'namespace' && !isRing(descriptor),
  );
  const results = await target.read(
    wanted.map(({ fd }) => `/proc/${pid}/fdinfo/${fd}`),
    { limit: FDINFO_LIMIT },
  );
  const infos = new Map<number, string>();
  const timedOut: number[] = [];
  wanted.forEach(({ fd }, index) => {
    const result = results[index];
    const info = textOf(result);
    if (info !== undefined) infos.set(fd, info);
    else if (result && !result.ok && result.errno === 'ETIMEDOUT') timedOut.push(fd);
  });
  const descriptors = bare.map((descriptor) => {
    const info = infos.get(descriptor.fd);
    return info === undefined ? descriptor : { ...descriptor, info };
  });
  return { descriptors, timedOut };
}

/** Descriptors of a listing of /proc/PID/fd, ascending, without their fdinfo. */
export function bareDescriptors(listing: ListResult): Descriptor[] {
  const bare: Descriptor[] = [];
  for (const { name, link } of listing.ok ? listing.entries : []) {
    if (!/^\d+$/.test(name) || link === undefined) continue;
    bare.push({ fd: Number(name), text: link, link: parseFdLink(link) });
  }
  return bare.sort((a, b) => a.fd - b.fd);
}

/** The descriptor is an io_uring instance. */
export function isRing(descriptor: Descriptor): boolean {
  return descriptor.link.kind === 'anon' && descriptor.link.name === 'io_uring';
}
