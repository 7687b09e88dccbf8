import type { CgroupRow } from './cgroup';

/**
 * How engines name the cgroup of a container, around its 64 hex digits; the first that fits names it. Their monitors
 * (`libpod-conmon-…`) are outside.
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
  const paths = rows.map(({ path }) => path).filter((path) => path.length <= LONGEST_PATH);
  for (const [engine, pattern] of ENGINES) {
    for (const path of paths) {
      const id = innermost(path, pattern);
      if (id !== undefined) return `${engine} ${id.slice(0, SHORT)}${podOf(path)}`;
    }
  }
  for (const [engine, pattern] of NAMED) {
    for (const path of paths) {
      const name = innermost(path, pattern);
      if (name !== undefined) return `${engine} ${decodeUnitEscapes(name)}`;
    }
  }
  return undefined;
}

/** The group of its own that a service of systemd has, or a part of that. */
export function isService(rows: readonly CgroupRow[]): boolean {
  return rows.some(({ path }) => /\.slice\/[^/]+\.service(?:\/|$)/.test(path.slice(0, LONGEST_PATH)));
}

function innermost(path: string, pattern: RegExp): string | undefined {
  return [...path.matchAll(pattern)].at(-1)?.[1];
}

/** The kubelet’s names of a pod: `kubepods-burstable-pod0a1b_….slice`, or `kubepods/burstable/pod0a1b-…`; of static pods 32 digits. */
const POD = /[/-]pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice)?(?=[/:]|$)/;

function podOf(path: string): string {
  const uid = path.includes('/kubepods') ? POD.exec(path)?.[1]?.replaceAll('_', '-') : undefined;
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
