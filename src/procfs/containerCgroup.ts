import type { CgroupRow } from './cgroup';

/**
 * How engines name the cgroup of a container, around its 64 hex digits; of those that fit the same digits the first names it. Their
 * monitors (`libpod-conmon-…`) are outside.
 */
const ENGINES: readonly (readonly [engine: string, pattern: RegExp])[] = [
  ['podman', /(?:^|\/)libpod-([0-9a-f]{64})(?:\.scope)?(?=\/|$)/g],
  ['docker', /(?:^|\/)docker-([0-9a-f]{64})\.scope(?=\/|$)/g],
  ['docker', /\/docker\/([0-9a-f]{64})(?=\/|$)/g],
  ['cri-o', /(?:^|\/)crio-([0-9a-f]{64})(?:\.scope)?(?=\/|$)/g],
  ['containerd', /(?:^|\/|:)cri-containerd[-:]([0-9a-f]{64})(?:\.scope)?(?=\/|$)/g],
  ['kubernetes', /\/kubepods[^/]*(?:\/[^/]+){1,4}?\/([0-9a-f]{64})(?=\/|$)/g],
  ['containerd', /^\/[\w.-]{1,64}\/([0-9a-f]{64})(?=\/|$)/g],
];

/** How those name it that give a container a name; `.` and `-` in it may be `\x2d`. */
const NAMED: readonly (readonly [engine: string, pattern: RegExp])[] = [
  ['lxc', /(?:^|\/)lxc\.payload\.([\w.-]{1,64})(?=\/|$)/g],
  ['lxc', /(?:^|\/)lxc(?:\.payload)?\/([\w.-]{1,64})(?=\/|$)/g],
  ['systemd-nspawn', /\/systemd-nspawn@((?:[\w.:-]|\\x[0-9a-f]{2}){1,128})\.service(?=\/|$)/g],
  // A machine of libvirt is a virtual one (`qemu`), or a container of libvirt itself (`lxc`).
  ['libvirt', /\/machine-lxc\\x2d\d+\\x2d((?:[\w.:-]|\\x[0-9a-f]{2}){1,128})\.scope(?=\/|$)/g],
  [
    'systemd-nspawn',
    /\/machine\.slice\/machine-(?!(?:qemu|lxc)\\x2d)((?:[\w.:-]|\\x[0-9a-f]{2}){1,128})\.scope(?=\/|$)/g,
  ],
];

const SHORT = 12;
const LONGEST_PATH = 4096;

/**
 * Engine and short id, or name, of the innermost container a process runs in, by its cgroup: `docker 0123456789ab`, and of a
 * pod of Kubernetes: `containerd 0123456789ab, pod 0a1b… (burstable)`. The processes of a service are in none.
 */
export function containerOf(rows: readonly CgroupRow[]): string | undefined {
  let innermost: Found | undefined;
  for (const { path } of rows) {
    if (path.length > LONGEST_PATH) continue;
    const found = [...foundIn(path, ENGINES, 'id'), ...foundIn(path, NAMED, 'name')];
    for (const one of found) if (one.end > (innermost?.end ?? 0)) innermost = one;
  }
  if (!innermost) return undefined;
  const { engine, kind, text, path } = innermost;
  return kind === 'id'
    ? `${engine} ${text.slice(0, SHORT)}${podOf(path)}`
    : `${engine} ${decodeUnitEscapes(text)}`;
}

interface Found {
  readonly engine: string;
  readonly kind: 'id' | 'name';
  readonly text: string;
  readonly path: string;
  /** Where it ends in the path: further on is further inside. */
  readonly end: number;
}

function foundIn(
  path: string,
  patterns: readonly (readonly [engine: string, pattern: RegExp])[],
  kind: Found['kind'],
): Found[] {
  return patterns.flatMap(([engine, pattern]) =>
    [...path.matchAll(pattern)].map((match) => ({
      engine,
      kind,
      text: match[1] ?? '',
      path,
      end: match.index + match[0].length,
    })),
  );
}

/** The group of its own that a service of systemd has, or a part of that. */
export function isService(rows: readonly CgroupRow[]): boolean {
  return rows.some(({ path }) => /\.slice\/[^/]+\.service(?:\/|$)/.test(path.slice(0, LONGEST_PATH)));
}

/** The kubelet’s names of a pod: `kubepods-burstable-pod0a1b_….slice`, or `kubepods/burstable/pod0a1b-…`; of static pods 32 digits. */
const POD = /[/-]pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?=[/:]|$)/;

function podOf(path: string): string {
  const uid = /[/-]kubepods[./-]/.test(path) ? POD.exec(path)?.[1]?.replaceAll('_', '-') : undefined;
  if (uid === undefined) return '';
  // Without a word for it: guaranteed.
  const quality = /[/-](burstable|besteffort)(?=[./-])/.exec(path)?.[1] ?? 'guaranteed';
  return `, pod ${uid} (${quality})`;
}

function decodeUnitEscapes(name: string): string {
  return name.replace(/\\x([0-9a-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
