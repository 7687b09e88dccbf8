import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tracedFindings } from '../../src/explain/traced';
import { look } from '../../src/inspect/look';
import { startTrace } from '../../src/inspect/tracing';
import { openLocal } from '../../src/target/local';
import type { ProbeTarget } from '../../src/target/probeTarget';
import { limitReads } from './support/cgroups';
import { Installed } from './support/installed';
import { loopDisk } from './support/mounts';
import { until } from './support/proc';
import { skipUnless } from './support/rights';
import { tracingProbe } from './support/tracefs';

let target: ProbeTarget;
beforeAll(async () => {
  target = await openLocal(await tracingProbe());
});
afterAll(() => target.dispose());

/** One request as fio's log has it: milliseconds of the wall clock at which it was reaped, and how long it took in seconds. */
interface Logged {
  readonly reaped: number;
  readonly took: number;
}

function logOf(folder: string, kind: 'slat' | 'clat' | 'lat'): Logged[] {
  const rows = readFileSync(join(folder, `log_${kind}.1.log`), 'latin1')
    .trim()
    .split('\n');
  return rows.map((row) => {
    const [reaped = 0, nanoseconds = 0] = row.split(',').map(Number);
    return { reaped, took: nanoseconds / 1e9 };
  });
}

/** What fio submitted and reaped between two moments of the wall clock, shortest first. */
function within(all: readonly Logged[], from: number, to: number): number[] {
  return all
    .filter(({ reaped, took }) => reaped - took * 1000 >= from && reaped <= to)
    .map(({ took }) => took)
    .sort((a, b) => a - b);
}

const at = (sorted: readonly number[], part: number) =>
  sorted[Math.max(0, Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1))] ?? Number.NaN;
const mean = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) / all.length;

/** Requests in flight, and how many a second the disk lets through: each takes long beside what fio itself needs. */
const DEPTH = 64;
const A_SECOND = 400;

/** How exact a histogram's class is, and a rank: requests at the edges of the trace are in one account alone. */
const CLASS = 0.01;
const RANK = 0.02;
/** Seconds that fio may need on a busy machine until it has reaped what has completed: clat goes on until then. */
const REAPING = 0.004;

describe('a trace of fio', () => {
  it('agrees with fio’s own latencies of the same requests', async (context) => {
    skipUnless(context, 'root', 'ioUring', 'loop');
    const installed = new Installed(context);
    installed.needs('fio');
    const job = [
      '--name=log',
      '--ioengine=io_uring',
      '--rw=randread',
      '--bs=4k',
      `--iodepth=${DEPTH}`,
      '--direct=1',
    ];
    const disk = loopDisk(context, 16);
    const data = [`--filename=${disk}`, '--thread', '--time_based', '--runtime=6'];
    const logs = ['--write_lat_log=log', '--log_unix_epoch=1'];
    const child = installed.start('fio', [...job, ...data, ...logs]);
    const pid = child.pid ?? context.skip('fio has not started');
    await until(() => hasRing(pid), 'fio has its ring');
    limitReads(context, pid, numberOf(disk), A_SECOND);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const trace = await startTrace(target, pid, { stackBytes: 0 });
    const from = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const to = Date.now();
    const { summary } = await trace.stop();
    const findings = tracedFindings(summary, await look(target, pid));
    await new Promise((resolve) => child.once('exit', resolve));
    const [clat, lat] = (['clat', 'lat'] as const).map((kind) =>
      within(logOf(installed.folder, kind), from, to),
    );
    const [row] = summary.operations;
    if (!clat || !lat || !row?.latency) throw new Error('nothing was measured');
    expect(row.operation).toBe('READ');
    expect(findings).toEqual([]);
    // It misses none, but for the ones that were under way at the ends.
    expect(Math.abs(row.latency.count - lat.length)).toBeLessThanOrEqual(DEPTH);
    // Ours is from the kernel's taking a request to its CQE. fio's lat begins before that, its clat when the call has returned that
    // submitted it; both end when fio has reaped it.
    const { p50, p90, p99 } = row.latency;
    for (const [part, ours] of [
      [0.5, p50],
      [0.9, p90],
      [0.99, p99],
    ] as const) {
      expect(ours).toBeLessThanOrEqual(at(lat, part + RANK) * (1 + CLASS));
      expect(ours).toBeGreaterThanOrEqual((at(clat, part - RANK) - REAPING) * (1 - CLASS));
    }
    expect(row.latency.mean / mean(clat)).toBeGreaterThan(0.97);
    expect(row.latency.mean / mean(lat)).toBeLessThan(1.02);
  });
});

describe('traces that begin and end while fio is at full speed', () => {
  it('see the end of each request that they see begin', async (context) => {
    skipUnless(context, 'root', 'ioUring');
    const installed = new Installed(context);
    installed.needs('fio');
    const job = [
      '--name=fast',
      '--ioengine=io_uring',
      '--rw=randread',
      '--bs=4k',
      '--iodepth=32',
      '--direct=1',
    ];
    const data = ['--filename=data', '--size=16M', '--thread', '--time_based', '--runtime=20'];
    const child = installed.start('fio', [...job, ...data]);
    const pid = child.pid ?? context.skip('fio has not started');
    await until(() => hasRing(pid), 'fio has its ring');
    for (let times = 0; times < 8; times++) {
      const trace = await startTrace(target, pid, { stackBytes: 0 });
      await new Promise((resolve) => setTimeout(resolve, 100));
      const { submitted, completed, pending, unseenSubmits, unseenCompletions, lost } = (await trace.stop())
        .summary;
      if (lost.events !== 0) continue;
      expect({ unseenCompletions, pending }).toEqual({
        unseenCompletions: 0,
        pending: submitted + unseenSubmits - completed,
      });
      expect(unseenSubmits).toBeLessThanOrEqual(32);
    }
    child.kill('SIGKILL');
  });
});

/** MAJOR:MINOR. */
function numberOf(disk: string): string {
  return readFileSync(`/sys/class/block/${disk.replace('/dev/', '')}/dev`, 'utf8').trim();
}

function hasRing(pid: number): boolean {
  return readFileSync(`/proc/${pid}/maps`, 'latin1').includes('[io_uring]');
}
