import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fillRoot } from './containers';
import { rest, tasksOf, until } from './proc';
import { toReleaseByShell } from './releases';
import type { NeedName } from './rights';
import type { Running } from './victim';

/** Where in the container the directory is that the test gives it. */
export const INSIDE = '/mnt/given';

interface Place {
  /** Of this container: a name, and a directory of the test for the engine’s things, with a root directory in `root`. */
  readonly name: string;
  readonly base: string;
  /** A directory of the host that is `INSIDE` in the container, where the program is started. */
  readonly given: string;
}

/** A program that makes containers, as its users have it; nothing of the machine’s own containers is touched. */
export interface Engine {
  readonly name: string;
  readonly need: NeedName;
  /** What has to run before, told when it does. */
  prepare?(place: Place): { readonly command: readonly string[]; isReady(): boolean };
  /** Started as it is; the container may outlive it. */
  start(place: Place, program: readonly string[]): readonly string[];
  /** Of a shell; bears being run where there is none. */
  remove(place: Place): string;
  /** The command that starts others inside, as it is given to the inspector. */
  enter?(place: Place): readonly string[];
  /** What the container is called; `pid` is of its first process. */
  label(place: Place): RegExp;
}

/** Ordinary limits: an engine that may not raise them fails. */
const LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096'];
/** What Docker and Podman refuse by themselves in their newer versions: io_uring. */
const PERMISSIVE = ['--security-opt', 'seccomp=unconfined'];

const podmanOf = ({ base }: Place): readonly string[] => [
  'podman',
  ...['--root', `${base}/images`, '--runroot', `${base}/run`, '--tmpdir', `${base}/tmp`],
  ...['--cgroup-manager=cgroupfs', '--storage-driver=vfs', '--events-backend=none'],
];
const dockerOf = ({ base }: Place): readonly string[] => ['docker', '-H', `unix://${base}/socket`];

function idOf(words: readonly string[]): string {
  const [program = '', ...args] = words;
  return execFileSync(program, args, { encoding: 'utf8' }).trim().slice(0, 12);
}

export const ENGINES: readonly Engine[] = [
  {
    name: 'podman',
    need: 'podman',
    start: (place, program) => [
      ...podmanOf(place),
      ...['run', '-d', '--name', place.name, '--network', 'none', '--cgroup-parent', `/${place.name}`],
      ...[...LIMITS, ...PERMISSIVE, '-v', `${place.given}:${INSIDE}`, '-w', INSIDE],
      ...['--rootfs', `${place.base}/root`, ...program],
    ],
    remove: (place) => `${podmanOf(place).join(' ')} rm -f -t 0 ${place.name}`,
    enter: (place) => [...podmanOf(place), 'exec', '-i', place.name],
    label: (place) => {
      const id = idOf([...podmanOf(place), 'inspect', '-f', '{{.Id}}', place.name]);
      return new RegExp(`^podman ${id}$`);
    },
  },
  {
    name: 'docker',
    need: 'docker',
    prepare: ({ base }) => ({
      command: [
        ...['dockerd', '--iptables=false', '--ip6tables=false', '--bridge=none', '--storage-driver=vfs'],
        ...['--data-root', `${base}/images`, '--exec-root', `${base}/run`, '-p', `${base}/daemon.pid`],
        ...['-H', `unix://${base}/socket`],
      ],
      isReady: () => existsSync(`${base}/socket`),
    }),
    start: (place, program) => {
      const docker = dockerOf(place);
      const archive = execFileSync('tar', ['-C', `${place.base}/root`, '-c', '.'], { maxBuffer: 1 << 26 });
      execFileSync('docker', [...docker.slice(1), 'import', '-', 'stuck'], { input: archive });
      return [
        ...docker,
        ...[
          'run',
          '-d',
          '--name',
          place.name,
          '--network',
          'none',
          '--cgroup-parent',
          `/${place.name}/docker`,
        ],
        ...[...LIMITS, ...PERMISSIVE, '-v', `${place.given}:${INSIDE}`, '-w', INSIDE, 'stuck', ...program],
      ];
    },
    remove: (place) =>
      `${dockerOf(place).join(' ')} rm -f ${place.name}; kill $(cat ${place.base}/daemon.pid); ` +
      `for try in $(seq 50); do test -e ${place.base}/daemon.pid || break; sleep 0.1; done`,
    enter: (place) => [...dockerOf(place), 'exec', '-i', place.name],
    label: (place) => {
      const id = idOf([...dockerOf(place), 'inspect', '-f', '{{.Id}}', place.name]);
      return new RegExp(`^docker ${id}$`);
    },
  },
  {
    name: 'LXC',
    need: 'lxc',
    start: ({ name, base, given }, program) => {
      const lines = [
        `lxc.rootfs.path = dir:${base}/root`,
        `lxc.uts.name = ${name}`,
        'lxc.net.0.type = empty',
        'lxc.mount.auto = proc:rw',
        // Without a /dev of its own LXC takes away everybody's right to the host's /dev/null.
        'lxc.autodev = 1',
        'lxc.apparmor.profile = unconfined',
        `lxc.mount.entry = ${given} ${INSIDE.slice(1)} none bind 0 0`,
        `lxc.init.cwd = ${INSIDE}`,
        `lxc.init.cmd = ${program.join(' ')}`,
      ];
      writeFileSync(join(base, 'config'), `${lines.join('\n')}\n`);
      return ['lxc-start', '-P', base, '-n', name, '-f', `${base}/config`, '-d', '-o', `${base}/log`];
    },
    remove: ({ name, base }) => `lxc-stop -k -P ${base} -n ${name}`,
    enter: ({ name, base }) => ['lxc-attach', '-P', base, '-n', name, '--'],
    label: ({ name }) => new RegExp(`^lxc ${name}$`),
  },
  {
    name: 'systemd-nspawn, without systemd',
    need: 'nspawn',
    start: ({ name, base, given }, program) => [
      ...['systemd-nspawn', '--keep-unit', '--register=no', '-q', '-D', `${base}/root`, '-M', name],
      ...['--private-network', `--bind=${given}:${INSIDE}`, `--chdir=${INSIDE}`, ...program],
    ],
    remove: () => 'true',
    // Its name is in the group that systemd makes for it.
    label: () => /^a container of its own \(PID namespace \d+\)$/,
  },
];

export interface EngineContainer {
  readonly pid: number;
  readonly given: string;
  readonly label: RegExp;
  readonly enter: readonly string[] | undefined;
}

let made = 0;

/** Starts a static program in a container of the engine and waits until its io_uring has as many workers. */
export async function startWith(
  running: Running,
  engine: Engine,
  program: readonly [string, ...string[]],
  workers: number,
): Promise<EngineContainer> {
  const base = mkdtempSync(join(tmpdir(), 'inspect-engine-'));
  const given = mkdtempSync(join(tmpdir(), 'inspect-given-'));
  const place: Place = { name: `inspect-${process.pid}-${made++}`, base, given };
  const groups = ['*/NAME', '*/NAME/*', '*/lxc.*.NAME', '/sys/fs/cgroup/*/lxc.pivot']
    .map((path) => `-path '${path.replace('NAME', place.name)}'`)
    .concat(["-path '/sys/fs/cgroup/*/payload'", "-path '/sys/fs/cgroup/*/supervisor'"])
    .join(' -o ');
  running.onTestFinished(
    toReleaseByShell(
      [
        engine.remove(place),
        `for pid in $(cat ${base}/started); do kill -9 -$pid; done`,
        'sleep 0.1',
        `find /sys/fs/cgroup -depth -type d '(' ${groups} ')' -exec rmdir {} +`,
        `rm -rf --one-file-system ${base} ${given}`,
      ].join('; '),
    ),
  );
  chmodSync(base, 0o755);
  chmodSync(given, 0o777);
  fillRoot(join(base, 'root'), program[0]);
  const prepared = engine.prepare?.(place);
  if (prepared) {
    startApart(base, prepared.command);
    await until(prepared.isReady, `${engine.name} is ready`);
  }
  const complaint = startApart(base, engine.start(place, [`/bin/${program[0]}`, ...program.slice(1)]));
  let pid = 0;
  await until(
    () => {
      pid = processIn(given) ?? 0;
      return tasksOf(pid).filter(({ comm }) => comm.startsWith('iou-wrk-')).length === workers;
    },
    `${engine.name} starts ${program.join(' ')}`,
  ).catch((error: unknown) => {
    throw new Error(`${error}: ${complaint()}`);
  });
  await rest(pid);
  return { pid, given, label: engine.label(place), enter: engine.enter?.(place) };
}

/**
 * Engines know either version of cgroups, but not both beside each other. Their input and output are pipes: LXC changes the mode of
 * what it is given.
 */
function startApart(base: string, words: readonly string[]): () => string {
  const script = `echo $$ >>${base}/started; umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"`;
  const child = spawn('unshare', ['--mount', 'sh', '-c', script, 'sh', ...words], {
    detached: true,
    stdio: 'pipe',
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      said = (said + data.toString()).slice(-1000);
    });
  return () => said;
}

/** The process whose working directory is that one of the host, by whatever name. */
function processIn(directory: string): number | undefined {
  const { dev, ino } = statSync(directory);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        const cwd = statSync(`/proc/${pid}/cwd`);
        return cwd.dev === dev && cwd.ino === ino;
      } catch {
        // Gone, or nobody may look.
        return false;
      }
    });
}
