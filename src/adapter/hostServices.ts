import { stat } from 'node:fs/promises';
import type { DebugServices, Followed, FollowOptions, InTerminal, Program, Started } from '../debug/services';
import { type HostId, hostKey, isHere } from '../inspect/hostId';
import type { Hosts } from '../inspect/hosts';
import { type Clock, Inspection, type ReadCounters, type TakeSample } from '../inspect/inspection';
import { UserError } from '../model/errors';
import type { ProcessSummary } from '../model/process';
import type { Sample } from '../model/sample';
import { listProcesses } from '../sample/listProcesses';
import type { Target } from '../target/target';
import { startProgram } from './programs';
import { readSample } from './savedFile';

/** What of a door the sessions of its debug adapter share. */
export interface Surroundings {
  /** Where processes are of which a configuration says no host. */
  readonly host: HostId;
  readonly hosts: Hosts;
  readonly clock: Clock;
  /** Makes the sampler of one process of a host. */
  take(host: HostId, pid: number): TakeSample;
  /** Makes what reads the counters of that host’s processes between looks, which tell when the next one is worth it. */
  read(host: HostId): ReadCounters;
  /** As DebugServices has it. */
  readonly listing: string;
  /** Seconds between looks where a configuration says none; undefined = only when asked. */
  interval(): number | undefined;
  /** As DebugServices has it; absent = a compiler's path is tried as it is. */
  findSource?(file: string): Promise<string | undefined>;
  /** Called when a session has let go of its hosts. */
  ended(): void;
}

/** Seconds between counters. */
const COUNTING = 1;
/** Bytes of one question about a process's memory; the probe answers 16 MiB at most. */
const PIECE = 4 << 20;
/** Nothing is mapped there, or it cannot be read: the memory ends. */
const UNREADABLE: ReadonlySet<string> = new Set(['EFAULT', 'EIO', 'ENXIO']);
/** Milliseconds after which a file system is taken not to answer. */
const FILE_PATIENCE = 1000;

/** The services of one debug session, on the hosts of its door, which are held until it ends. */
export class HostServices implements DebugServices {
  private readonly inspections = new Set<Inspection>();
  private readonly holds = new Map<string, Promise<void>>();
  private readonly stopListening: () => void;
  private letGo: () => void = () => {};
  private readonly over = new Promise<void>((resolve) => {
    this.letGo = resolve;
  });
  private ended = false;
  private newest: (() => Sample | undefined) | undefined;

  constructor(private readonly around: Surroundings) {
    this.stopListening = around.hosts.onBack(() => {
      for (const inspection of this.inspections)
        if (inspection.snapshot.state === 'live') void inspection.refreshAnew();
    });
  }

  get listing(): string {
    return this.around.listing;
  }

  /** The newest Sample of what the session shows. */
  get sample(): Sample | undefined {
    return this.newest?.();
  }

  async follow(on: HostId, pid: number, { interval, signal }: FollowOptions): Promise<Followed> {
    const { hosts, take, read, clock } = this.around;
    const host = this.held(on);
    await hosts.of(host).reach(signal);
    const seconds = interval ?? this.around.interval();
    const inspection = new Inspection(pid, take(host, pid), clock, seconds, read(host));
    inspection.count(COUNTING);
    this.inspections.add(inspection);
    inspection.onChange(({ state }) => {
      if (state === 'ended') this.inspections.delete(inspection);
    });
    await firstLook(inspection, signal);
    this.newest = () => inspection.snapshot.sample;
    return inspection;
  }

  list(on: HostId, signal?: AbortSignal): Promise<readonly ProcessSummary[]> {
    const host = this.held(on);
    const options = { all: true, ...(signal ? { signal } : {}) };
    return this.around.hosts.of(host).use((target) => listProcesses(target, options), signal);
  }

  async openSample(path: string): Promise<Sample> {
    const sample = await readSample(path);
    this.newest = () => sample;
    return sample;
  }

  memory(on: HostId, pid: number, address: bigint, length: number): Promise<Uint8Array> {
    const host = this.held(on);
    return this.around.hosts.of(host).use((target) => memoryOf(target, pid, address, length));
  }

  start(program: Program, output: (category: 'stdout' | 'stderr', text: string) => void): Promise<Started> {
    return startProgram(program, output);
  }

  async startedInTerminal(told: InTerminal, program: Program, signal: AbortSignal): Promise<Started> {
    const { programInTerminal } = await import('./terminalPrograms');
    return programInTerminal(told, program, signal);
  }

  findSource(file: string): Promise<string | undefined> {
    return (this.around.findSource ?? fileHere)(file);
  }

  dispose(): void {
    if (this.ended) return;
    this.ended = true;
    this.stopListening();
    for (const inspection of [...this.inspections]) inspection.dispose();
    this.letGo();
    void Promise.all(this.holds.values()).then(() => this.around.ended());
  }

  /** The host that is meant, which is not left before the session ends. */
  private held(on: HostId): HostId {
    const host = isHere(on) ? this.around.host : on;
    const key = hostKey(host);
    if (!this.ended && !this.holds.has(key))
      this.holds.set(
        key,
        this.around.hosts.hold(host, () => this.over),
      );
    return host;
  }
}

/** A cancelled look is left behind at once, however long the target takes to answer. */
async function firstLook(inspection: Inspection, signal: AbortSignal | undefined): Promise<void> {
  let cancel = () => {};
  const cancelled = new Promise<never>((_, reject) => {
    cancel = () => {
      inspection.dispose();
      reject(new UserError('cancelled', `Process ${inspection.pid} is not inspected.`, 'It was cancelled.'));
    };
  });
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    await Promise.race([inspection.refresh(), cancelled]);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

async function memoryOf(target: Target, pid: number, address: bigint, length: number): Promise<Uint8Array> {
  if (target.processMemory === false) throw switchedOff(pid);
  const parts: Buffer[] = [];
  for (let at = 0; at < length; at += PIECE) {
    const wanted = Math.min(PIECE, length - at);
    const range = { address: address + BigInt(at), length: wanted };
    const [answer] = await target.memory(pid, [range], { limit: wanted });
    if (!answer || (!answer.ok && UNREADABLE.has(answer.errno))) break;
    if (!answer.ok) throw unreadable(pid, answer.errno);
    parts.push(answer.data);
    if (answer.data.length < wanted) break;
  }
  return Buffer.concat(parts);
}

function switchedOff(pid: number): UserError {
  return new UserError(
    'not-permitted',
    `The memory of process ${pid} is not read.`,
    'Reading the memory of processes is switched off.',
    'The setting ioUringInspector.processMemory, or leaving out --no-memory, allows it.',
  );
}

function unreadable(pid: number, errno: string): UserError {
  if (errno === 'ESRCH' || errno === 'ENOENT')
    return new UserError('process-gone', `The memory of process ${pid} is gone.`, 'The process has ended.');
  return new UserError(
    'not-permitted',
    `The memory of process ${pid} cannot be read.`,
    errno === 'EACCES' || errno === 'EPERM'
      ? `The kernel refuses it (${errno}).`
      : `The kernel does not answer (${errno}).`,
    'The user of the process may read it, and root.',
  );
}

/** A compiler's path where it is a file here. */
async function fileHere(file: string): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), FILE_PATIENCE);
  });
  try {
    const found = await Promise.race([stat(file), late]);
    return found?.isFile() ? file : undefined;
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
