import type { ProcessName, Resource } from '../model/sample';
import type { ListResult } from '../probe/protocol';
import { parseComm } from '../procfs/comm';
import { parseFdinfo } from '../procfs/fdinfo';
import { parseFuse } from '../procfs/fuseFdinfo';
import type { MountinfoRow } from '../procfs/mountinfo';
import type { Target } from '../target/target';
import { type Descriptor, isRing } from './descriptors';
import { ringHolders } from './ringPeers';
import { textOf } from './text';

/** Processes whose descriptors are looked at; a host with more is searched no further. */
const MOST_PROCESSES = 5000;

/** The link of a ring's descriptor. */
export const RING = 'anon_inode:[io_uring]';

export interface Holding extends ProcessNumber {
  readonly fd: string;
  readonly link: string;
}

interface ProcessNumber {
  readonly pid: number;
}

/**
 * Names the processes at the other end of pipes, those that share a ring (where rings have an inode each, `ownInode`) and the server of FUSE files. Looks at the descriptor links of every
 * process it may, follows none. `known` is what a look a moment ago found, which stands where it
 * answers everything. Returns the resources with what was found.
 */
export async function addPeers(
  target: Target,
  pid: number,
  resources: readonly Resource[],
  search: HolderSearch,
  known: readonly Resource[],
  ownInode: boolean,
): Promise<Resource[]> {
  const remembered = rememberPeers(resources, known);
  if (remembered) return remembered;
  const pipes = new Map<string, Resource[]>();
  let fuse = false;
  for (const resource of resources) {
    if (resource.kind === 'pipe' && resource.link !== undefined) {
      pipes.set(resource.link, [...(pipes.get(resource.link) ?? []), resource]);
    }
    if (resource.fsType?.startsWith('fuse')) fuse = true;
  }
  const rings = ownInode && resources.some(({ kind }) => kind === 'io_uring');
  if (pipes.size === 0 && !fuse && !rings) return [...resources];
  const wanted = [...pipes.keys(), ...(fuse ? ['/dev/fuse'] : []), ...(rings ? [RING] : [])];
  const found = await search.find(wanted);
  const holdings = found.filter(({ link }) => link !== RING);
  const ringHeld = found.filter(({ link }) => link === RING);
  const pids = [...new Set(found.map((holding) => holding.pid))];
  const [holders, files] = await Promise.all([
    ringHolders(target, pid, resources, ringHeld),
    target.read([
      ...holdings.map((holding) => `/proc/${holding.pid}/fdinfo/${holding.fd}`),
      ...pids.map((holder) => `/proc/${holder}/comm`),
    ]),
  ]);
  const infos = files.slice(0, holdings.length).map(textOf);
  const comms = files.slice(holdings.length);
  const names = new Map(pids.map((holder, i) => [holder, parseComm(textOf(comms[i]) ?? '') ?? '?']));
  return resources.map((resource) => {
    if (resource.kind === 'pipe') return withPipePeers(resource, pid, holdings, infos, names);
    const sharing = holders.get(resource.fd) ?? [];
    if (sharing.length > 0) {
      return {
        ...resource,
        peers: sharing.map((holder) => ({ pid: holder, name: names.get(holder) ?? '?' })),
      };
    }
    if (resource.fsType?.startsWith('fuse')) return withServer(resource, holdings, infos, names);
    return resource;
  });
}

/** The resources with the peers and servers of a moment ago; undefined where one of them is new. */
function rememberPeers(resources: readonly Resource[], known: readonly Resource[]): Resource[] | undefined {
  const byFd = new Map(known.map((resource) => [resource.fd, resource]));
  const result: Resource[] = [];
  for (const resource of resources) {
    const before = byFd.get(resource.fd);
    const searched =
      resource.kind === 'pipe' || resource.kind === 'io_uring' || resource.fsType?.startsWith('fuse');
    if (searched && (before?.link !== resource.link || before?.path !== resource.path)) return undefined;
    const { peers, holder } = before ?? {};
    result.push(
      searched ? { ...resource, ...(peers ? { peers } : {}), ...(holder ? { holder } : {}) } : resource,
    );
  }
  return result;
}

/** The search of all processes, which `processes` lists, begun before it is known what all is wanted. */
export class HolderSearch {
  private readonly begun: ReadonlySet<string>;
  private readonly early: Promise<readonly Holding[]>;

  /** `early` = links that will be wanted. */
  constructor(
    private readonly target: Target,
    private readonly processes: ListResult | undefined,
    early: readonly string[] = [],
  ) {
    this.begun = new Set(early);
    this.early = early.length > 0 ? findHoldings(target, processes, early) : Promise.resolve([]);
    this.early.catch(() => undefined);
  }

  async find(wanted: readonly string[]): Promise<Holding[]> {
    const more = wanted.filter((link) => !this.begun.has(link));
    const [early, found] = await Promise.all([
      this.early,
      more.length > 0 ? findHoldings(this.target, this.processes, more) : [],
    ]);
    const links = new Set(wanted);
    return [...early.filter(({ link }) => links.has(link)), ...found].sort((a, b) => a.pid - b.pid);
  }
}

/** Of these descriptors what addPeers will want, as far as it is known without their fdinfo. */
export function soughtLinks(
  descriptors: readonly Descriptor[],
  rows: readonly MountinfoRow[],
  ownInode: boolean,
): string[] {
  const links = descriptors.flatMap((descriptor) =>
    descriptor.link.kind === 'pipe' || (ownInode && isRing(descriptor)) ? [descriptor.text] : [],
  );
  if (links.length === 0) return [];
  const fuse = rows.some(({ fsType }) => fsType.startsWith('fuse'));
  return [...new Set([...links, ...(fuse ? ['/dev/fuse'] : [])])];
}

/** What was searched for among processes, and found. */
export interface Searched {
  readonly wanted: ReadonlySet<string>;
  readonly holdings: readonly Holding[];
}

/** By the list of processes of a look. */
const searches = new WeakMap<ListResult, Searched>();

export function searchedWith(processes: ListResult): Searched {
  return searches.get(processes) ?? { wanted: new Set(), holdings: [] };
}

/** The descriptors of all processes whose links are among `wanted`. */
export async function findHoldings(
  target: Target,
  processes: ListResult | undefined,
  wanted: readonly string[],
): Promise<Holding[]> {
  if (!processes?.ok) return [];
  const pids = processes.entries.map((entry) => entry.name).filter((name) => /^\d+$/.test(name));
  const searched = pids.slice(0, MOST_PROCESSES);
  const lists = await target.list(
    searched.map((pid) => `/proc/${pid}/fd`),
    { only: wanted },
  );
  const holdings: Holding[] = [];
  for (const [index, list] of lists.entries()) {
    if (!list.ok) continue;
    for (const { name, link } of list.entries) {
      if (link !== undefined) holdings.push({ pid: Number(searched[index]), fd: name, link });
    }
  }
  const { wanted: earlier, holdings: others } = searchedWith(processes);
  const more = holdings.filter(({ link }) => !earlier.has(link));
  searches.set(processes, { wanted: new Set([...earlier, ...wanted]), holdings: [...others, ...more] });
  return holdings;
}

function withPipePeers(
  resource: Resource,
  pid: number,
  holdings: readonly Holding[],
  infos: readonly (string | undefined)[],
  names: ReadonlyMap<number, string>,
): Resource {
  if (resource.end === undefined || resource.end === 'both') return resource;
  const other = resource.end === 'read' ? 1 : 0;
  const found = new Map<number, ProcessName>();
  let own = false;
  for (const [index, holding] of holdings.entries()) {
    if (holding.link !== resource.link) continue;
    const flags = parseFdinfo(infos[index] ?? '').flags;
    if (flags === undefined) continue;
    const mode = flags & 3;
    if (mode !== other && mode !== 2) continue;
    if (holding.pid === pid) own = true;
    found.set(holding.pid, { pid: holding.pid, name: names.get(holding.pid) ?? '?' });
  }
  const peers = [...found.values()].sort((a, b) => a.pid - b.pid);
  return peers.length > 0 || own ? { ...resource, peers } : resource;
}

/**
 * The FUSE server: whoever holds /dev/fuse open for the connection (its number is the mount's minor). Kernels whose
 * fdinfo does not tell the connection (before 6.14) name it only where just one process holds /dev/fuse.
 */
function withServer(
  resource: Resource,
  holdings: readonly Holding[],
  infos: readonly (string | undefined)[],
  names: ReadonlyMap<number, string>,
): Resource {
  const servers = holdings
    .map((holding, index) => ({ holding, connection: parseFuse(infos[index] ?? '').connection }))
    .filter(({ holding }) => holding.link === '/dev/fuse');
  const minor = Number(resource.device?.split(':')[1]);
  const exact = servers.filter(({ connection }) => connection !== undefined && connection === minor);
  const pids = new Set(
    (exact.length > 0 ? exact : servers.every((s) => s.connection === undefined) ? servers : []).map(
      ({ holding }) => holding.pid,
    ),
  );
  const [pid] = pids;
  // Forked helpers share the descriptor: the oldest process is the server's own.
  if (pid === undefined || (exact.length === 0 && pids.size > 1)) return resource;
  const first = Math.min(...pids);
  return { ...resource, holder: { pid: first, name: names.get(first) ?? '?' } };
}
