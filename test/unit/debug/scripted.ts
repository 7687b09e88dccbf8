import type { DebugServices, Program } from '../../../src/debug/services';
import { InspectorSession } from '../../../src/debug/session';
import { explain } from '../../../src/explain/explain';
import type { HostId } from '../../../src/inspect/hostId';
import type { InspectionSnapshot } from '../../../src/inspect/inspection';
import { UserError } from '../../../src/model/errors';
import type { ProcessSummary } from '../../../src/model/process';
import type { Sample } from '../../../src/model/sample';
import { DapClient } from './dapClient';

/** An inspection whose looks a test makes. */
export class ScriptedInspection {
  snapshot: InspectionSnapshot;
  readonly calls: string[] = [];
  private readonly listeners = new Set<(snapshot: InspectionSnapshot) => void>();

  constructor(
    readonly pid: number,
    sample: Sample | undefined,
  ) {
    this.snapshot = sample ? { state: 'live', sample } : { state: 'live' };
  }

  onChange(listener: (snapshot: InspectionSnapshot) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  get heard(): number {
    return this.listeners.size;
  }

  async refresh(): Promise<void> {
    this.calls.push('refresh');
  }

  pause(): void {
    this.calls.push('pause');
    this.publish({ ...this.snapshot, state: 'paused' });
  }

  resume(): void {
    this.calls.push('resume');
    this.publish({ ...this.snapshot, state: 'live' });
  }

  setInterval(): void {}

  dispose(): void {
    this.calls.push('dispose');
    this.publish({ ...this.snapshot, state: 'ended' });
    this.listeners.clear();
  }

  /** A look, as Inspection publishes it. */
  look(sample: Sample): void {
    this.publish({ state: this.snapshot.state === 'paused' ? 'paused' : 'live', sample });
  }

  end(): void {
    const problem = { code: 'process-gone', what: 'Process 7 ended.', why: 'It is gone.' } as const;
    this.publish({ ...this.snapshot, state: 'ended', problem });
  }

  publish(snapshot: InspectionSnapshot): void {
    this.snapshot = snapshot;
    for (const listener of [...this.listeners]) listener(snapshot);
  }
}

/** What a door would give, as a test has written it; everything that was asked stands in `asked`. */
export class ScriptedServices implements DebugServices {
  readonly asked: string[] = [];
  readonly inspections: ScriptedInspection[] = [];
  processes: readonly ProcessSummary[] = [];
  saved: Sample | undefined;
  bytes: Uint8Array = new Uint8Array();
  /** Where `bytes` stand in the process. */
  bytesAt = 0n;
  /** Settled = follow goes on. */
  gate: Promise<void> = Promise.resolve();
  refusal: UserError | undefined;
  disposed = 0;
  started: { readonly program: Program; ends: (how: number | string) => void; ended: boolean } | undefined;

  constructor(public sample: Sample | undefined) {}

  get inspection(): ScriptedInspection {
    const last = this.inspections.at(-1);
    if (!last) throw new Error('nothing is followed');
    return last;
  }

  async follow(host: HostId, pid: number): Promise<ScriptedInspection> {
    this.asked.push(`follow ${JSON.stringify(host)} ${pid}`);
    await this.gate;
    if (this.refusal) throw this.refusal;
    if (this.sample === undefined)
      throw new UserError('no-such-process', `There is no process ${pid}.`, 'It has ended.', 'Take another.');
    const inspection = new ScriptedInspection(pid, this.sample);
    this.inspections.push(inspection);
    return inspection;
  }

  async list(host: HostId): Promise<readonly ProcessSummary[]> {
    this.asked.push(`list ${JSON.stringify(host)}`);
    return this.processes;
  }

  readonly listing = 'the test lists all';

  async openSample(path: string): Promise<Sample> {
    if (!this.saved) throw new UserError('file-unreadable', `${path} cannot be read.`, 'There is none.');
    return this.saved;
  }

  async memory(_: HostId, pid: number, address: bigint, length: number): Promise<Uint8Array> {
    this.asked.push(`memory ${pid} 0x${address.toString(16)} ${length}`);
    const from = Number(address - this.bytesAt);
    return from < 0 ? new Uint8Array() : this.bytes.subarray(from, from + length);
  }

  async start(program: Program, output: (category: 'stdout' | 'stderr', text: string) => void) {
    output('stdout', 'hello\n');
    let ends: (how: number | string) => void = () => undefined;
    const ended = new Promise<number | string>((resolve) => {
      ends = resolve;
    });
    const started = { program, ends, ended: false };
    this.started = started;
    return {
      pid: this.sample?.process.pid ?? 0,
      ended,
      end: () => {
        started.ended = true;
        ends('SIGTERM');
      },
    };
  }

  dispose(): void {
    this.disposed++;
  }
}

/** A session over a Sample, as explained as a look's is. */
export function sessionOf(sample: Sample | undefined, explained = true) {
  const services = new ScriptedServices(
    sample && explained ? explain(sample, { last: true }).sample : sample,
  );
  const client = new DapClient(new InspectorSession(services));
  return { services, client };
}

/** The same, attached and at its first stop. */
export async function attached(sample: Sample, explained = true, initialize: object = {}) {
  const all = sessionOf(sample, explained);
  const { client } = all;
  await client.ask('initialize', { adapterID: 'io_uring', pathFormat: 'path', ...initialize });
  await client.event('initialized');
  const attaching = client.ask('attach', { pid: sample.process.pid });
  await client.ask('configurationDone');
  await attaching;
  const stop = await client.event('stopped');
  return { ...all, stop };
}
