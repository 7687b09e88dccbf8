import type { LinkResult } from '../probe/protocol';
import type { CgroupRow } from '../procfs/cgroup';
import { containerOf, isService } from '../procfs/containerCgroup';
import { parseFdLink } from '../procfs/fdLink';
import { type MountinfoRow, parseMountinfo } from '../procfs/mountinfo';
import type { Target } from '../target/target';
import { textOf } from './text';

/** proc_ns.h, PROC_PID_INIT_INO: the inode of the outermost PID namespace (3.8+). */
const OUTERMOST = 0xeffffffc;

/** The links of /proc/PID/ns that tell containers and numberings apart: the process's, then the reader's. */
export function namespaceLinks(target: Target, pid: number): string[] {
  const own = [`/proc/${pid}/ns/pid`, `/proc/${pid}/ns/mnt`];
  return target.self === undefined
    ? own
    : [...own, `/proc/${target.self}/ns/pid`, `/proc/${target.self}/ns/mnt`];
}

/** Inodes of namespaces; absent where they may not be read. */
export interface Namespaces {
  readonly pid?: number;
  readonly mount?: number;
  readonly readersPid?: number;
  readonly readersMount?: number;
}

/** From the answers to namespaceLinks. */
export function namespacesFrom(links: readonly LinkResult[]): Namespaces {
  const [pid, mount, readersPid, readersMount] = links.map(inodeOf);
  return {
    ...(pid === undefined ? {} : { pid }),
    ...(mount === undefined ? {} : { mount }),
    ...(readersPid === undefined ? {} : { readersPid }),
    ...(readersMount === undefined ? {} : { readersMount }),
  };
}

function inodeOf(link: LinkResult): number | undefined {
  const parsed = link.ok ? parseFdLink(link.target) : undefined;
  return parsed?.kind === 'namespace' ? parsed.inode : undefined;
}

/**
 * True where the pids that the reader sees are not the kernel's own: what the kernel prints unasked (SqThread) is no pid there. So it is
 * taken where /proc is not the reader's.
 */
export function isInnerReader(target: Target, { readersPid }: Namespaces): boolean {
  if (target.foreignPids) return true;
  return readersPid !== undefined && readersPid !== OUTERMOST;
}

/** The same, asked for by itself. */
export async function hasInnerReader(target: Target): Promise<boolean> {
  const { self } = target;
  return isInnerReader(
    target,
    self === undefined ? {} : namespacesFrom(await target.link(namespaceLinks(target, self))),
  );
}

export interface ContainerAsked {
  readonly cgroups: readonly CgroupRow[];
  /** NSpid of its status. */
  readonly nsPid: readonly number[] | undefined;
  readonly namespaces: Namespaces;
  /** Its mountinfo, where another root directory than the reader's makes a container of it. */
  readonly mountinfo?: string;
}

/** The container that a process runs in, seen from the reader; null where it runs in none, or in the reader's own. */
export async function findContainer(target: Target, asked: ContainerAsked): Promise<string | null> {
  const { cgroups, nsPid = [], namespaces, mountinfo } = asked;
  const named = containerOf(cgroups);
  if (named !== undefined) return named;
  const { pid, mount, readersMount } = namespaces;
  if (nsPid.length > 1) return unnamed('PID', pid);
  if (mountinfo === undefined || mount === undefined || readersMount === undefined) return null;
  if (mount === readersMount || target.self === undefined || isService(cgroups)) return null;
  const [file] = await target.read([`/proc/${target.self}/mountinfo`]);
  const roots = [mountinfo, textOf(file) ?? ''].map(rootOf);
  return roots[0] && roots[1] && roots[0] !== roots[1] ? unnamed('mount', mount) : null;
}

/** The same of many processes, by the first two facts: the roots of all of them are not compared. */
export async function findContainers(
  target: Target,
  asked: readonly (Pick<ContainerAsked, 'cgroups' | 'nsPid'> & { readonly pid: number })[],
): Promise<(string | undefined)[]> {
  const named = asked.map(({ cgroups }) => containerOf(cgroups));
  const nested = asked.filter(({ nsPid = [] }, index) => named[index] === undefined && nsPid.length > 1);
  const links = await target.link(nested.map(({ pid }) => `/proc/${pid}/ns/pid`));
  const found = new Map(nested.map(({ pid }, index) => [pid, unnamed('PID', links[index])]));
  return asked.map(({ pid }, index) => named[index] ?? found.get(pid));
}

function unnamed(kind: string, namespace: number | LinkResult | undefined): string {
  const inode = typeof namespace === 'object' ? inodeOf(namespace) : namespace;
  return inode === undefined
    ? 'a container of its own'
    : `a container of its own (${kind} namespace ${inode})`;
}

/** What the root directory is: the file system and the part of it. */
function rootOf(mountinfo: string): string | undefined {
  const roots = parseMountinfo(mountinfo).rows.filter(({ mountPoint }: MountinfoRow) => mountPoint === '/');
  const root = roots.at(-1);
  return root && `${root.device} ${root.root}`;
}
