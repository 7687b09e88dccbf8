import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { History } from '../../src/inspect/history';
import { readCounters } from '../../src/sample/counters';
import { takeSample } from '../../src/sample/takeSample';
import { Installed, pidOf } from './support/installed';
import { openTestTarget } from './support/probe';
import { until } from './support/proc';
import { skipUnless } from './support/rights';

/** fio logs its IOPS for every so many milliseconds. */
const WINDOW = 100;

function holdsRing(pid: number): boolean {
  const links = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  return links.includes('anon_inode:[io_uring]');
}

it('what a history says of fio is what fio says of itself: completions and submissions a second, with looks and without', {
  timeout: 60_000,
}, async (context) => {
  skipUnless(context, 'ioUring', 'root');
  const installed = new Installed(context);
  installed.needs('fio');
  const directory = mkdtempSync(join(tmpdir(), 'inspect-rates-'));
  const target = await openTestTarget();
  context.onTestFinished(() => {
    target.dispose();
    rmSync(directory, { recursive: true, force: true });
  });
  const job = '--name=rates --thread --ioengine=io_uring --rw=randread --bs=4k --iodepth=16 --direct=1';
  const log = `--filename=${join(directory, 'data')} --size=16M --time_based --runtime=8 --write_iops_log=${join(directory, 'log')} --log_avg_msec=${WINDOW} --log_unix_epoch=1`;
  const fio = installed.start('fio', [...job.split(' '), ...log.split(' ')]);
  const done = once(fio, 'exit');
  const pid = pidOf(fio);
  await until(() => holdsRing(pid), 'fio has a ring');
  await sleep(1000);
  const history = new History();
  const first = await takeSample(target, pid);
  history.add(first, 0, target.processor);
  const from = Date.now();
  let look = first;
  for (let round = 0; round < 4; round++) {
    await sleep(400);
    const counters = await readCounters(target, look);
    if (counters) history.count(counters, target.processor);
    await sleep(400);
    look = await takeSample(target, pid, { previous: look });
    history.add(look, 0, target.processor);
  }
  const to = Date.now();
  await done;
  const points = history.points.slice(1);
  expect(points.filter(({ counted }) => counted)).toHaveLength(4);
  const seconds = points.reduce((sum, { span }) => sum + span, 0);
  const mean = (of: 'submitted' | 'completed') =>
    points.reduce((sum, { span, rings }) => sum + span * (rings[0]?.[of] ?? Number.NaN), 0) / seconds;
  const name = readdirSync(directory).find((file) => /^log_iops.*\.log$/.test(file)) ?? '';
  const windows = readFileSync(join(directory, name), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number))
    .map(([at = 0, iops = 0], index, all) => ({ at, iops, took: at - (all[index - 1]?.[0] ?? at) }))
    .filter(({ at, took }) => took > 0 && at - took >= from && at <= to);
  const total = windows.reduce((sum, { took }) => sum + took, 0);
  const own = windows.reduce((sum, { iops, took }) => sum + iops * took, 0) / total;
  expect(windows.length).toBeGreaterThan(15);
  expect(own).toBeGreaterThan(100);
  // The windows at both ends are cut off: a few per cent.
  expect(mean('completed') / own).toBeGreaterThan(0.95);
  expect(mean('completed') / own).toBeLessThan(1.05);
  expect(mean('submitted') / mean('completed')).toBeCloseTo(1, 1);
  // What the disk says of itself and of the host's pressure stands beside it.
  expect(points.every(({ probe }) => probe !== undefined && probe > 0)).toBe(true);
  expect(points.at(-1)?.devices.some(({ completed = 0 }) => completed > 100)).toBe(true);
  expect(points.at(-1)?.pressure?.some).toBeGreaterThan(0);
});
