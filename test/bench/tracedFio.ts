import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTrace } from '../../src/inspect/tracing';
import { parseIoUringFdinfo } from '../../src/procfs/ioUringFdinfo';
import type { Target } from '../../src/target/target';
import { type Figure, median } from './figures';
import { BPFTRACE, hasBpftrace, withStartMap } from './startMap';

const RING = ['--name=traced', '--ioengine=io_uring', '--iodepth=32', '--thread', '--time_based', '--bs=4k'];
/** Random reads of a file, and what is nearly a NOP: reads of what is always there, and is no disk. */
const JOBS = {
  'a 4k random read of fio': ['--rw=randread', '--filename=data', '--size=64M', '--direct=1'],
  'a read of /dev/zero by fio': ['--rw=read', '--filename=/dev/zero', '--size=1G'],
} as const;
/** Milliseconds that one measurement lasts, and after which fio is taken to have begun to read. */
const PHASE = 500;
const BEGUN = 1000;
const MOST_ROUNDS = 3;

interface Phase {
  /** Nanoseconds of each request: by the clock, and on a processor in all of fio's threads. */
  readonly wall: number;
  readonly busy: number;
}

/** What tracing costs fio, measured in one run of it in turns with nothing, and with bpftrace, where it is installed. */
export async function tracedFio(target: Target, folder: string, rounds: number): Promise<Figure[]> {
  if (spawnSync('fio', ['--version'], { stdio: 'ignore' }).error)
    return [{ name: 'fio, traced', value: 'skipped: it is not installed' }];
  const figures: Figure[] = [];
  for (const [name, job] of Object.entries(JOBS))
    figures.push(...(await one(target, folder, Math.min(MOST_ROUNDS, rounds), name, job)));
  return figures;
}

async function one(
  target: Target,
  folder: string,
  rounds: number,
  name: string,
  job: readonly string[],
): Promise<Figure[]> {
  const child = spawn('fio', [...RING, ...job, '--runtime=120'], { cwd: folder, stdio: 'ignore' });
  const pid = child.pid ?? 0;
  try {
    const fd = await ringOf(pid);
    await sleep(BEGUN);
    const look = () => measured(pid, fd);
    const off: Phase[] = [];
    const traced: Phase[] = [];
    const mapped: Phase[] = [];
    for (let round = 0; round < rounds; round++) {
      off.push(await look());
      const trace = await startTrace(target, pid, { stackBytes: 0 });
      try {
        traced.push(await look());
      } finally {
        await trace.stop();
      }
      if (hasBpftrace()) mapped.push(await withStartMap(look));
    }
    return figuresOf(name, off, traced, mapped);
  } finally {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
}

function figuresOf(
  name: string,
  off: readonly Phase[],
  traced: readonly Phase[],
  mapped: readonly Phase[],
): Figure[] {
  const each = (phases: readonly Phase[], of: keyof Phase) => median(phases.map((phase) => phase[of]));
  const row = (way: string, phases: readonly Phase[]): Figure => {
    const ratio = (of: keyof Phase) =>
      `${each(phases, of).toFixed(0)} ns = ${(each(phases, of) / each(off, of)).toFixed(2)} ×`;
    return {
      name: `${name}, with ${way}`,
      value: `${ratio('busy')} of a processor, ${ratio('wall')} by the clock`,
    };
  };
  if (mapped.length === 0) return [row('off', off), row('events', traced)];
  const ratio = each(traced, 'busy') / each(mapped, 'busy');
  return [
    row('off', off),
    { ...row('events', traced), goal: 'no more than bpftrace', met: ratio <= 1 },
    row(BPFTRACE, mapped),
  ];
}

async function ringOf(pid: number): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    try {
      const names = readdirSync(`/proc/${pid}/fd`);
      const ring = names.find((name) => readlinkSync(`/proc/${pid}/fd/${name}`).includes('[io_uring]'));
      if (ring !== undefined) return Number(ring);
    } catch {
      // It has not begun, or has closed one meanwhile.
    }
    await sleep(20);
  }
  throw new Error('fio has made no ring');
}

async function measured(pid: number, fd: number): Promise<Phase> {
  const before = await marks(pid, fd);
  await sleep(PHASE);
  const after = await marks(pid, fd);
  const requests = (after.taken - before.taken) >>> 0;
  return { wall: (after.time - before.time) / requests, busy: (after.ran - before.ran) / requests };
}

/**
 * Requests taken so far (32 bits), and nanoseconds: of the clock, and that its threads have run. While a task holds the ring’s lock the
 * kernel tells none (6.15+): it is asked again.
 */
async function marks(pid: number, fd: number): Promise<{ taken: number; time: number; ran: number }> {
  const look = () => parseIoUringFdinfo(readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1')).counters;
  let counters = look();
  for (let tries = 0; !counters && tries < 1000; tries++) {
    await sleep(1);
    counters = look();
  }
  if (!counters) throw new Error('the counters of the ring of fio are not told');
  const ran = readdirSync(`/proc/${pid}/task`).map((tid) =>
    Number(readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'latin1').split(' ')[0]),
  );
  return {
    taken: counters.sqHead,
    time: performance.now() * 1e6,
    ran: ran.reduce((sum, one) => sum + one, 0),
  };
}
