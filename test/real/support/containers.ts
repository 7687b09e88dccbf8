import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Actor } from './actor';
import { type Answer, run } from './inspect';
import { rest, until } from './proc';
import { buildStatic, STATIC_PROGRAMS } from './programs';
import { killGroup, toRelease, toReleaseByShell } from './releases';
import { linesUntil, type Running, type Truth } from './victim';

/** The digits of every container that is made here. */
export const CONTAINER_ID = '0123456789abcdef'.repeat(4);

const PROGRAMS = ['ring_victim', 'pends', 'peers'] as const;
type Program = (typeof PROGRAMS)[number];

export interface Contained {
  /** As the host knows it. */
  readonly pid: number;
  /** What the program says, with its own numbers. */
  readonly truth: Truth;
  readonly ownPid: number;
  /** Where the container’s root is on the host: an overlay of `lower` and `upper`. */
  readonly base: string;
}

export interface ContainerOptions {
  /** The cgroup below one that goes with the test; `ID` stands for the container’s digits. */
  readonly cgroup?: string;
  /** Directories of the host by where they are in the container. */
  readonly volumes?: Readonly<Record<string, string>>;
  /** It shares the network of the host. */
  readonly hostNetwork?: boolean;
}

let made = 0;

/** Starts a static program as the first process of a container of crun, whose root is an overlay, and waits until it is ready. */
export async function startContained(
  running: Running,
  program: Program,
  args: readonly string[],
  options: ContainerOptions = {},
): Promise<Contained> {
  const name = `inspect-${process.pid}-${made++}`;
  const base = mkdtempSync(join(tmpdir(), 'inspect-container-'));
  chmodSync(base, 0o755);
  const root = join(base, 'root');
  running.onTestFinished(
    toReleaseByShell(
      [
        `crun delete -f ${name}`,
        `for try in $(seq 25); do umount ${root} 2>/dev/null; mountpoint -q ${root} || break; sleep 0.2; done`,
        `umount -l ${root}`,
        `find /sys/fs/cgroup -depth -type d '(' -path '*/${name}' -o -path '*/${name}/*' ')' -exec rmdir {} +`,
        `mountpoint -q ${root} || rm -rf --one-file-system ${base}`,
      ].join('; '),
    ),
  );
  fill(base, program);
  execFileSync('mount', [
    ...['-t', 'overlay', '-o'],
    `lowerdir=${base}/lower,upperdir=${base}/upper,workdir=${base}/work`,
    ...['overlay', root],
  ]);
  writeFileSync(
    join(base, 'config.json'),
    JSON.stringify(configOf(base, [`/bin/${program}`, ...args], name, options)),
  );
  // crun knows either version of cgroups, but not both beside each other.
  const command = `umount /sys/fs/cgroup/unified 2>/dev/null; exec crun --cgroup-manager=cgroupfs run --pid-file ${base}/pid -b ${base} ${name}`;
  // Descriptor 0 of the program is a file of the host.
  const input = openSync(join(base, 'config.json'), 'r');
  const child = spawn('unshare', ['--mount', 'sh', '-c', command], {
    cwd: base,
    detached: true,
    stdio: [input, 'pipe', 'pipe'],
  });
  closeSync(input);
  running.onTestFinished(toRelease(() => killGroup(child.pid ?? 0)));
  const release = toRelease(() => undefined);
  const [said = ''] = await linesUntil(
    { name: `${program} in crun`, child, directory: base, release },
    () => true,
  );
  const ready = JSON.parse(said) as { ready: boolean; pid: number; truth: Truth; why?: string };
  if (!ready.ready) return running.skip(ready.why ?? 'the victim cannot get stuck here');
  // The program may be quicker than crun is with the file.
  const file = join(base, 'pid');
  await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '', 'crun tells the pid');
  const pid = Number(readFileSync(file, 'utf8'));
  await rest(pid);
  return { pid, truth: ready.truth, ownPid: ready.pid, base };
}

function fill(base: string, program: Program): void {
  for (const folder of ['upper', 'work', 'root']) mkdirSync(join(base, folder));
  fillRoot(join(base, 'lower'), program);
}

/** A root directory with the static program and busybox in it. */
export function fillRoot(root: string, program: string): void {
  buildStatic(program);
  for (const folder of ['bin', 'proc', 'dev', 'sys', 'tmp', 'srv', 'etc', 'run', 'usr', 'mnt/given'])
    mkdirSync(join(root, folder), { recursive: true });
  chmodSync(join(root, 'tmp'), 0o1777);
  copyFileSync(
    execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim(),
    join(root, 'bin/busybox'),
  );
  symlinkSync('busybox', join(root, 'bin/sh'));
  copyFileSync(join(STATIC_PROGRAMS, program), join(root, 'bin', program));
  writeFileSync(join(root, 'srv/below'), 'x');
}

/** The runtime specification’s config.json. */
function configOf(base: string, args: readonly string[], name: string, options: ContainerOptions): object {
  const { cgroup = 'docker/ID', volumes = {}, hostNetwork = false } = options;
  const namespaces = ['pid', 'mount', 'ipc', 'uts', ...(hostNetwork ? [] : ['network'])];
  return {
    ociVersion: '1.0.0',
    process: { terminal: false, user: { uid: 0, gid: 0 }, args, env: ['PATH=/bin'], cwd: '/tmp' },
    root: { path: join(base, 'root'), readonly: false },
    hostname: 'contained',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      ...Object.entries(volumes).map(([destination, source]) => ({
        destination,
        type: 'bind',
        source,
        options: ['rbind', 'rw'],
      })),
    ],
    linux: {
      namespaces: namespaces.map((type) => ({ type })),
      cgroupsPath: `/${name}/${cgroup.replace('ID', CONTAINER_ID)}`,
      resources: { devices: [{ allow: true, access: 'rwm' }] },
    },
  };
}

/**
 * Runs the command line in the container’s PID namespace with a /proc of that, as an inspector in a dev container does; the
 * files are the host’s.
 */
export function runInside({ pid }: Contained, who: Actor, ...args: readonly string[]): Promise<Answer> {
  const inner = 'mount -t proc proc /proc && exec "$@"';
  const command = ['-t', String(pid), '--pid', '--', 'unshare', '--mount', 'sh', '-c', inner, 'sh'];
  return run({ ...who, node: 'nsenter', cli: who.cli, through: [...command, who.node] }, ...args);
}

/** Starts a program as `who` in namespaces of its own that no engine made. */
export async function startUnshared(
  running: Running,
  who: Actor,
  program: string,
  args: readonly string[],
): Promise<Omit<Contained, 'base'>> {
  const directory = mkdtempSync(join(tmpdir(), 'inspect-unshared-'));
  chmodSync(directory, 0o777);
  const drop = toReleaseByShell(`rm -rf --one-file-system ${directory}`);
  const namespaces = [
    '--user',
    '--map-root-user',
    '--pid',
    '--fork',
    '--mount-proc',
    '--uts',
    '--kill-child',
  ];
  const child = spawn('unshare', [...namespaces, join(who.programs, program), ...args], {
    cwd: directory,
    detached: true,
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(who.uid === undefined ? {} : { uid: who.uid, gid: who.gid ?? who.uid }),
  });
  const release = toRelease(() => {
    killGroup(child.pid ?? 0);
    drop();
  });
  running.onTestFinished(release);
  const [said = ''] = await linesUntil({ name: program, child, directory, release }, () => true);
  const ready = JSON.parse(said) as { ready: boolean; pid: number; truth: Truth; why?: string };
  if (!ready.ready) return running.skip(ready.why ?? 'the victim cannot get stuck here');
  const children = `/proc/${child.pid}/task/${child.pid}/children`;
  await until(() => readFileSync(children, 'utf8') !== '', 'unshare has its child');
  const pid = Number(readFileSync(children, 'utf8').trim());
  await rest(pid);
  return { pid, truth: ready.truth, ownPid: ready.pid };
}
