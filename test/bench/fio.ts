import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sample } from '../../src/model/sample';
import { takeSample } from '../../src/sample/takeSample';
import { openLocal } from '../../src/target/local';
import { probePath } from '../../src/target/probePath';
import type { Target } from '../../src/target/target';
import { CHECKOUT } from '../real/support/programs';
import { type Benchmark, median, Skipped } from './figures';

/** Percent of its IOPS that sampling may cost the target. */
const GOAL = 1;
/** Milliseconds between two Samples. */
const INTERVAL = 100;
/** fio logs its IOPS for every so many milliseconds. */
const WINDOW = 250;
/** Sampling is on for this long, then off for as long. Milliseconds. */
const PHASE = 1000;

/**
 * fio's random reads through io_uring, with a Sample of it ten times a second in every other second of one run. Pairs of
 * neighbouring seconds are compared, so that what else happens on the machine falls on both.
 */
export const fio: Benchmark = async ({ rounds, fioSeconds }) => {
  if (spawnSync('fio', ['--version'], { stdio: 'ignore' }).error)
    throw new Skipped('needs fio (apt-get install fio)');
  const directory = mkdtempSync(join(tmpdir(), 'inspect-fio-'));
  const target = await openLocal(probePath(join(CHECKOUT, 'dist')));
  try {
    const seconds = Math.max(6, rounds * fioSeconds * 2);
    const done = runFio(directory, seconds);
    const { looks, phases } = await follow(target, done);
    await done;
    const pairs = pairsOf(readLog(directory), phases);
    const changes = pairs.map(({ off, on }) => (on / off - 1) * 100).sort((a, b) => a - b);
    const change = median(changes);
    // Half the distance between the quartiles, over the root of how many there are: what the median may be off.
    const quartile = (part: number) => changes[Math.floor(changes.length * part)] ?? 0;
    const error = ((quartile(0.75) - quartile(0.25)) / 2 / Math.sqrt(changes.length)) * 1.86;
    return [
      {
        name: `fio alone, median of ${pairs.length} seconds`,
        value: `${Math.round(median(pairs.map((p) => p.off)))} IOPS`,
      },
      { name: 'Samples taken of it in as many other seconds', value: String(looks) },
      {
        name: 'change of its IOPS while sampled at 10 Hz',
        value: `${change.toFixed(2)} ± ${error.toFixed(2)} %`,
        goal: `a loss of less than ${GOAL} %`,
        met: change > -GOAL,
      },
    ];
  } finally {
    target.dispose();
    rmSync(directory, { recursive: true, force: true });
  }
};

function runFio(directory: string, seconds: number): Promise<void> {
  const args = [
    '--name=bench',
    '--ioengine=io_uring',
    '--rw=randread',
    '--bs=4k',
    '--iodepth=32',
    '--direct=1',
  ];
  args.push(`--filename=${join(directory, 'data')}`, '--size=64M', '--time_based', `--runtime=${seconds}`);
  args.push(`--write_iops_log=${join(directory, 'log')}`, `--log_avg_msec=${WINDOW}`, '--log_unix_epoch=1');
  return new Promise((resolve, reject) => {
    execFile('fio', args, { cwd: directory, maxBuffer: 16 << 20 }, (error) =>
      error ? reject(new Error(`fio: ${error.message}`)) : resolve(),
    );
  });
}

/** IOPS of each window by the wall clock at its end, in milliseconds. */
function readLog(directory: string): { at: number; iops: number }[] {
  const name = readdirSync(directory).find((file) => /^log_iops.*\.log$/.test(file));
  if (name === undefined) throw new Error('fio wrote no log of its IOPS');
  return readFileSync(join(directory, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number))
    .map(([at = 0, iops = 0]) => ({ at, iops }));
}

interface Phase {
  readonly sampled: boolean;
  readonly from: number;
  readonly to: number;
}

/** The mean of each phase's windows that lie wholly in it, two neighbours together. */
function pairsOf(
  log: readonly { at: number; iops: number }[],
  phases: readonly Phase[],
): { off: number; on: number }[] {
  const means = phases.map(({ from, to }) => {
    const within = log.filter(({ at }) => at - WINDOW >= from && at <= to).map(({ iops }) => iops);
    return within.length > 0 ? within.reduce((sum, iops) => sum + iops, 0) / within.length : undefined;
  });
  const pairs: { off: number; on: number }[] = [];
  for (let i = 0; i + 1 < phases.length; i += 2) {
    const [a, b] = [means[i], means[i + 1]];
    if (a === undefined || b === undefined) continue;
    pairs.push(phases[i]?.sampled ? { on: a, off: b } : { off: a, on: b });
  }
  return pairs;
}

/** Samples the process of fio that holds a ring in every other phase, until fio has ended. */
async function follow(target: Target, done: Promise<void>): Promise<{ looks: number; phases: Phase[] }> {
  let ended = false;
  const phases: Phase[] = [];
  let looks = 0;
  let previous: Sample | undefined;
  const end = done.then(
    () => {
      ended = true;
    },
    () => {
      ended = true;
    },
  );
  while (!ended) {
    const pid = ringHolder('fio');
    if (pid === undefined) {
      await sleep(INTERVAL);
      continue;
    }
    // off on, on off, off on: which comes first changes from pair to pair.
    const sampled = phases.length % 4 === 1 || phases.length % 4 === 2;
    const from = Date.now();
    while (!ended && Date.now() - from < PHASE) {
      const started = performance.now();
      if (sampled) {
        await takeSample(target, pid, { previous }).then(
          (sample) => {
            previous = sample;
            looks++;
          },
          () => undefined,
        );
      }
      await sleep(Math.max(0, INTERVAL - (performance.now() - started)));
    }
    if (!ended) phases.push({ sampled, from, to: Date.now() });
  }
  await end;
  return { looks, phases };
}

let holder: number | undefined;

function ringHolder(name: string): number | undefined {
  if (holder !== undefined && hasRing(holder, name)) return holder;
  holder = readdirSync('/proc')
    .map(Number)
    .find((pid) => pid > 0 && hasRing(pid, name));
  return holder;
}

function hasRing(pid: number, name: string): boolean {
  try {
    if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== name) return false;
    return readdirSync(`/proc/${pid}/fd`).some((fd) =>
      readlinkSync(`/proc/${pid}/fd/${fd}`).includes('[io_uring]'),
    );
  } catch {
    return false;
  }
}
