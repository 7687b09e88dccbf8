import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Duplex } from 'node:stream';
import { connectProbe, type ProbeTarget } from '../../../src/target/probeTarget';
import { testProbe } from '../../real/support/probe';
import { CHECKOUT } from '../../real/support/programs';
import { killGroup, type Release, toRelease } from '../../real/support/releases';
import { cpio, type Entry } from './archive';
import { Control, type LastLine, type Outcome } from './control';
import { loadableModules, withLibraries } from './furnishing';
import { type Kernel, obtainKernel, type Version } from './kernels';
import { Missing } from './missing';
import { Monitor } from './monitor';

const CACHE = join(CHECKOUT, '.cache/kernels');

/** Seconds a machine may take to boot, and to live. */
const PATIENCE = 60;
const LIFE = 1800;

/** Ports of a machine, in the order of their descriptors in its emulator. */
const PORTS = ['control', 'probe', 'userprobe'] as const;
/** The emulator's own port, behind those of the machine. */
const MONITOR = PORTS.length + 3;

/** What a machine has beyond two processors and their memory. */
export interface Equipment {
  /** Arguments of its emulator. */
  readonly devices: readonly string[];
  /** Words of its kernel's command line. */
  readonly words: readonly string[];
  /** Programs of this machine that it has, too, with their libraries. Throws `Missing` where one is not to be had. */
  readonly programs: readonly string[];
}

const PLAIN: Equipment = { devices: [], words: [], programs: [] };

export interface Machine {
  readonly release: string;
  /** What the root user of the machine can see of it. */
  readonly target: ProbeTarget;
  /** The same as its ordinary user `user`; opened once. */
  asUser(): Promise<ProbeTarget>;
  /** Runs a command of the machine's shell to its end. */
  run(command: string): Promise<Outcome>;
  /** Starts one; its lines of output up to the first, or to that which `isLast`. Rejects when it ends before. */
  start(command: string, isLast?: LastLine): Promise<readonly string[]>;
  /** Carries out a command of the emulator (QMP), once for each of its parameters. */
  emulate(command: string, ...parameters: readonly object[]): Promise<void>;
  /** The end of what its kernel and its emulator have said. */
  console(): string;
  readonly stop: Release;
}

/**
 * Boots that kernel in an emulator, 2 processors and 512 MiB, without network and with no disks but those of `equipment`,
 * whose modules it can then load. Throws `Missing` when something is not to be had here; nothing is written outside of .cache.
 */
export async function boot(version: Version, equipment: Equipment = PLAIN): Promise<Machine> {
  if (spawnSync('qemu-system-x86_64', ['--version']).error)
    throw new Missing('needs qemu-system-x86_64 (apt-get install qemu-system-x86)');
  const kernel = obtainKernel(version);
  const initramfs = await writeInitramfs(version, kernel, equipment);
  const emulator = startEmulator(kernel, initramfs, equipment);
  const { child, ports, complaint } = emulator;
  const control = new Control(ports.control);
  const monitor = new Monitor(emulator.monitor);
  const stop = toRelease(() => {
    control.fail(new Error('the machine was stopped'));
    if (child.pid !== undefined) killGroup(child.pid);
  });
  child.on('close', () => control.fail(new Error(`the machine has ended: ${complaint()}`)));
  child.on('error', (error) => control.fail(error));
  const timer = setTimeout(
    () => control.fail(new Error(`no boot within ${PATIENCE} s: ${complaint()}`)),
    PATIENCE * 1000,
  );
  try {
    await control.ready;
    const target = await probeOn(control, ports.probe, 'probe', `Linux ${kernel.release}`);
    let user: Promise<ProbeTarget> | undefined;
    return {
      release: kernel.release,
      target,
      asUser: () =>
        (user ??= probeOn(control, ports.userprobe, 'userprobe', `${target.label} as user`, 'user')),
      run: (command) => control.start(command).outcome,
      start: (command, isLast) => control.start(command, isLast).lines,
      emulate: async (command, ...parameters) => {
        for (const one of parameters) await monitor.execute(command, one);
      },
      console: complaint,
      stop,
    };
  } catch (error) {
    stop();
    throw error;
  } finally {
    clearTimeout(timer);
    rmSync(initramfs, { force: true });
  }
}

interface Emulator {
  readonly child: ChildProcess;
  readonly ports: Readonly<Record<(typeof PORTS)[number], Duplex>>;
  readonly monitor: Duplex;
  /** The end of what kernel and emulator have said. */
  readonly complaint: () => string;
}

function startEmulator(kernel: Kernel, initramfs: string, { devices, words }: Equipment): Emulator {
  const append = [
    'console=ttyS0',
    'loglevel=4',
    'panic=-1',
    'mitigations=off',
    'random.trust_cpu=on',
    ...words,
  ];
  // The machine powers off when its control port closes; `timeout` ends it if it cannot.
  const child = spawn(
    'timeout',
    [
      ...['--signal=KILL', `${LIFE}`, 'qemu-system-x86_64'],
      ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-net', 'none'],
      // One thread for both processors: with a thread each, sleepers in poll miss far more of what arrives.
      ...['-machine', 'pc', '-accel', 'tcg,thread=single', '-cpu', 'max', '-smp', '2', '-m', '512'],
      ...['-kernel', kernel.image, '-initrd', initramfs],
      ...['-append', append.join(' ')],
      ...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
      ...['-device', 'virtio-serial-pci'],
      ...PORTS.flatMap((name, index) => [
        ...['-chardev', `socket,id=${name},fd=${index + 3}`],
        ...['-device', `virtserialport,chardev=${name},name=${name}`],
      ]),
      ...['-chardev', `socket,id=monitor,fd=${MONITOR}`, '-mon', 'chardev=monitor,mode=control'],
      ...devices,
    ],
    { stdio: ['ignore', 'pipe', 'pipe', ...PORTS.map(() => 'pipe' as const), 'pipe'], detached: true },
  );
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString('utf8')).slice(-4000);
    });
  const [control, probe, userprobe, monitor] = [...PORTS, 'monitor'].map((_, index) => {
    const stream = child.stdio[index + 3];
    if (!(stream instanceof Duplex)) throw new Error('the emulator was not started');
    return stream;
  });
  if (!control || !probe || !userprobe || !monitor) throw new Error('the emulator has too few ports');
  return { child, ports: { control, probe, userprobe }, monitor, complaint: () => said.trim() };
}

/** Starts the probe inside, its input and output that port, and greets it. */
async function probeOn(
  control: Control,
  port: Duplex,
  name: string,
  label: string,
  user?: string,
): Promise<ProbeTarget> {
  const device = `/dev/${name}`;
  const own = user === undefined ? '' : `chown ${user} ${device}; `;
  const probe = user === undefined ? 'io-uring-probe' : `su ${user} -c 'exec io-uring-probe'`;
  // A sleeper in poll misses now and then that the port has data: a signal that means nothing makes it look again.
  const nudged = 'probe=$!; while kill -CHLD $probe 2>/dev/null; do usleep 100000; done; wait $probe';
  const { outcome } = control.start(`${own}${probe} 0<>${device} 1>&0 & ${nudged}`);
  const ended = outcome.then(
    ({ code, output }) => `It ended with code ${code}. It said: ${output}`,
    (error: Error) => error.message,
  );
  return connectProbe({ input: port, output: port, ended, close: () => port.destroy() }, label, {
    patience: PATIENCE * 1000,
  });
}

/** The machine's whole file system, all programs of test/victims in it; the path of the archive, which is the caller's to remove. */
async function writeInitramfs(
  version: Version,
  kernel: Kernel,
  { devices, programs: wanted }: Equipment,
): Promise<string> {
  const programs = join(CACHE, 'programs');
  const build = [join(CHECKOUT, 'test/victims/build.mjs'), '--static', programs];
  const run = spawnSync(process.execPath, build, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  const executables = [
    findBusybox(),
    await testProbe('x64'),
    ...readdirSync(programs).map((program) => join(programs, program)),
  ];
  const entries: Entry[] = [
    { path: 'init', content: readFileSync(join(import.meta.dirname, '../guest/init')), executable: true },
    { path: 'bin' },
    ...executables.map((path) => ({
      path: `bin/${basename(path)}`,
      content: readFileSync(path),
      executable: true,
    })),
    { path: 'modules' },
    ...kernel.modules.map((path) => ({ path: `modules/${basename(path)}`, content: readFileSync(path) })),
    {
      path: 'modules/order',
      content: Buffer.from(kernel.modules.map((path) => `${basename(path)}\n`).join('')),
    },
    ...(devices.length > 0 ? loadableModules(kernel) : []),
    ...withLibraries(wanted),
  ];
  const path = join(CACHE, `initramfs-${version}.${process.pid}`);
  writeFileSync(path, cpio(entries));
  return path;
}

function findBusybox(): string {
  const found = spawnSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).stdout.trim();
  if (found === '') throw new Missing('needs busybox (apt-get install busybox-static)');
  return found;
}
