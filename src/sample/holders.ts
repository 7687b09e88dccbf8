import type { ProcessName, Resource } from '../model/sample';
import type { ListResult } from '../probe/protocol';
import { parseComm } from '../procfs/comm';
import { type Fdinfo, parseFdinfo } from '../procfs/fdinfo';
import { parsePtmx } from '../procfs/ptmxFdinfo';
import type { Target } from '../target/target';
import { findHoldings, type Holding } from './peers';
import { textOf } from './text';

/** Links of a terminal's master. */
const MASTERS = ['/dev/ptmx', '/dev/pts/ptmx'];
const TERMINAL = /^\/dev\/pts\/(\d+)$/;

interface Wanted {
  readonly resource: Resource;
  readonly links: readonly string[];
  readonly listener?: string;
}

/** Searches all processes once for who holds the other ends of several descriptors. */
export class Holders {
  private readonly wanted: Wanted[] = [];

  /** `processes` lists /proc. */
  constructor(
    private readonly target: Target,
    private readonly processes: ListResult | undefined,
  ) {}

  /** Of a socket the links of its other end and of who listens there, as far as they are known. */
  want(resource: Resource, peer: string | undefined, listener: string | undefined): void {
    const links = resource.kind === 'socket' ? (peer === undefined ? [] : [peer]) : linksOf(resource);
    this.wanted.push({ resource, links, ...(listener === undefined ? {} : { listener }) });
  }

  /** Everything wanted, with `peers` and `listener.holders` where somebody was found. */
  async search(): Promise<Resource[]> {
    const links = new Set(
      this.wanted.flatMap(({ links, listener }) => (listener === undefined ? links : [...links, listener])),
    );
    if (links.size === 0) return this.wanted.map(({ resource }) => resource);
    const holdings = await findHoldings(this.target, this.processes, [...links]);
    const pids = [...new Set(holdings.map(({ pid }) => pid))].sort((a, b) => a - b);
    const told = holdings.filter(({ link }) => !link.startsWith('socket:'));
    const files = await this.target.read([
      ...told.map(({ pid, fd }) => `/proc/${pid}/fdinfo/${fd}`),
      ...pids.map((pid) => `/proc/${pid}/comm`),
    ]);
    const infos = new Map(told.map((holding, index) => [holding, textOf(files[index]) ?? '']));
    const names = pids.map((pid, index) => ({
      pid,
      name: parseComm(textOf(files[told.length + index]) ?? '') ?? '?',
    }));
    return this.wanted.map((one) => completed(one, holdings, infos, names));
  }
}

function linksOf({ kind, path, deleted }: Resource): readonly string[] {
  if (path === undefined) return [];
  if (kind === 'device') return TERMINAL.test(path) ? MASTERS : [];
  return [deleted ? `${path} (deleted)` : path];
}

function completed(
  { resource, links, listener }: Wanted,
  holdings: readonly Holding[],
  infos: ReadonlyMap<Holding, string>,
  names: readonly ProcessName[],
): Resource {
  const held = holdings.filter(
    (holding) => links.includes(holding.link) && isOtherEnd(resource, infos.get(holding) ?? ''),
  );
  const peers = processesOf(held, names);
  // Terminals of several containers may have one number: then it is not known whose it is.
  const clear = resource.kind !== 'device' || peers.length === 1;
  const { socket } = resource;
  const listening = socket?.listener && {
    ...socket.listener,
    holders: processesOf(
      holdings.filter(({ link }) => link === listener),
      names,
    ),
  };
  return {
    ...resource,
    ...(peers.length > 0 && clear ? { peers } : {}),
    ...(socket && listening ? { socket: { ...socket, listener: listening } } : {}),
  };
}

function isOtherEnd({ kind, path, end, inode }: Resource, text: string): boolean {
  if (kind === 'socket') return true;
  if (kind === 'device') return parsePtmx(text).index === Number(TERMINAL.exec(path ?? '')?.[1]);
  const info = parseFdinfo(text);
  // One path may be two files in two mount namespaces.
  if (inode !== undefined && info.inode !== undefined && inode !== info.inode) return false;
  return kind !== 'fifo' || isOppositeTo(end, info);
}

function isOppositeTo(end: Resource['end'], { flags }: Fdinfo): boolean {
  if (flags === undefined) return false;
  const mode = flags & 3;
  return mode === 2 || end === 'both' || mode === (end === 'read' ? 1 : 0);
}

function processesOf(holdings: readonly Holding[], names: readonly ProcessName[]): ProcessName[] {
  const pids = new Set(holdings.map(({ pid }) => pid));
  return names.filter(({ pid }) => pids.has(pid));
}
