import { linesOf, type Rows, readRows } from './lines';

/** One hierarchy of /proc/PID/cgroup; 0 without controllers is cgroup v2. */
export interface CgroupRow {
  readonly hierarchy: number;
  readonly controllers: string[];
  readonly path: string;
}

export function parseCgroup(text: string): Rows<CgroupRow> {
  return readRows(linesOf(text), readRow);
}

function readRow(line: string): CgroupRow | undefined {
  const match = /^(\d{1,10}):([^:]*):(\/.*)$/s.exec(line);
  if (match === null) {
    return undefined;
  }
  const [, hierarchy, controllers = '', path = ''] = match;
  return {
    hierarchy: Number(hierarchy),
    controllers: controllers === '' ? [] : controllers.split(','),
    path,
  };
}

/** How engines name the cgroup of a container, around its 64 hex digits; the first that fits names it. */
const ENGINES: readonly (readonly [engine: string, pattern: RegExp])[] = [
  ['podman', /(?:^|\/)libpod-([0-9a-f]{64})(?:\.scope)?(?:\/|$)/],
  ['docker', /(?:^|\/)docker-([0-9a-f]{64})\.scope(?:\/|$)/],
  ['docker', /\/docker\/([0-9a-f]{64})(?:\/|$)/],
  ['cri-o', /(?:^|\/)crio-([0-9a-f]{64})(?:\.scope)?(?:\/|$)/],
  ['containerd', /(?:^|\/|:)cri-containerd[-:]([0-9a-f]{64})(?:\.scope)?(?:\/|$)/],
  ['kubernetes', /\/kubepods[^/]*(?:\/[^/]+){1,4}?\/([0-9a-f]{64})(?:\/|$)/],
  ['containerd', /^\/[\w.-]{1,64}\/([0-9a-f]{64})(?:\/|$)/],
];

/** `docker 0123456789ab`: engine and short id of the container a process runs in, by its cgroup. */
export function containerOf(rows: readonly CgroupRow[]): string | undefined {
  for (const [engine, pattern] of ENGINES) {
    for (const { path } of rows) {
      const id = path.length > 4096 ? undefined : pattern.exec(path)?.[1];
      if (id !== undefined) {
        return `${engine} ${id.slice(0, 12)}`;
      }
    }
  }
  return undefined;
}
