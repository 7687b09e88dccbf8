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
const INTERVAL = 100;

/** fio's random reads through io_uring, with and without a Sample of it ten times a second. */
export const fio: Benchmark = async ({ rounds, fioSeconds }) => {
  if (spawnSync('fio', ['--version'], { stdio: 'ignore' }).error)
    throw new Skipped('needs fio (apt-get install fio)');
  const directory = mkdtempSync(join(tmpdir(), 'inspect-fio-'));
  const target = await openLocal(probePath(join(CHECKOUT, 'dist')));
  try {
    const file = join(directory, 'data');
    await runFio(file, 1);
    const plain: number[] = [];
    const changes: number[] = [];
    let looks = 0;
    for (let round = 0; round < rounds; round++) {
      // Which comes first changes from pair to pair: a machine that slows down or speeds up falls on both.
      const sampled = async () => {
        const done = runFio(file, fioSeconds);
        const follower = follow(target, done);
        const iops = await done;
        looks += await follower;
        return iops;
      };
      const first = round % 2 === 0 ? await runFio(file, fioSeconds) : await sampled();
      const second = round % 2 === 0 ? await sampled() : await runFio(file, fioSeconds);
      const [without, withSampling] = round % 2 === 0 ? [first, second] : [second, first];
      plain.push(without);
      changes.push((withSampling / without - 1) * 100);
    }
    const change = median(changes);
    const noise = (Math.max(...plain) / Math.min(...plain) - 1) * 100;
    return [
      { name: `fio alone, median of ${rounds} runs`, value: `${Math.round(median(plain))} IOPS` },
      { name: 'spread of these runs: the noise of this machine', value: `${noise.toFixed(1)} %` },
      { name: 'Samples taken of it', value: String(looks) },
      {
        name: 'change of its IOPS while sampled at 10 Hz',
        value: `${change.toFixed(2)} %`,
        goal: `a loss of less than ${GOAL} %`,
        met: change > -GOAL,
      },
    ];
  } finally {
    target.dispose();
    rmSync(directory, { recursive: true, force: true });
  }
};

/** IOPS of one run. */
function runFio(file: string, seconds: number): Promise<number> {
  const args = ['--name=bench', '--ioengine=io_uring', '--rw=randread', '--bs=4k', '--iodepth=32'];
  args.push(
    `--filename=${file}`,
    '--size=64M',
    '--time_based',
    `--runtime=${seconds}`,
    '--output-format=json',
  );
  return new Promise((resolve, reject) => {
    execFile('fio', args, { cwd: tmpdir(), maxBuffer: 16 << 20 }, (error, stdout) => {
      if (error) return reject(new Error(`fio: ${error.message}`));
      const report = JSON.parse(stdout) as { jobs: { read: { iops: number } }[] };
      resolve(report.jobs[0]?.read.iops ?? 0);
    });
  });
}

/** Samples the process of fio that holds a ring until fio has ended. The number of Samples. */
async function follow(target: Target, done: Promise<number>): Promise<number> {
  let ended = false;
  let looks = 0;
  let previous: Sample | undefined;
  const end = done.finally(() => {
    ended = true;
  });
  while (!ended) {
    const pid = ringHolder('fio');
    const started = performance.now();
    if (pid !== undefined)
      await takeSample(target, pid, { previous }).then(
        (sample) => {
          previous = sample;
          looks++;
        },
        () => undefined,
      );
    await sleep(Math.max(0, INTERVAL - (performance.now() - started)));
  }
  await end;
  return looks;
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
