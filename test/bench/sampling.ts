import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, Inspection, type TakeSample } from '../../src/inspect/inspection';
import { look } from '../../src/inspect/look';
import { readCounters } from '../../src/sample/counters';
import type { Target } from '../../src/target/target';
import type { Benchmark, Figure } from './figures';
import { withVictim } from './target';

/** Per cent of one processor that following a process may take, ours and the probe's together. */
const GOAL = 0.5;
const THREADS = 100;
/** Looks until the engine has compiled what is used often. */
const WARM_UP = 60;
/** As a window follows what a timeline shows: seconds between looks as a rule, and between counters. */
const INTERVAL = 2;
const COUNTING = 0.4;
/** Until two looks have found the same. */
const SETTLES = 8;

/**
 * What it costs to follow a process of 100 threads that stands still: processor time of this program and of the probe, not the time
 * they wait. On the schedule of a timeline, which has a point at least each second; and with a look every second, whatever they find.
 */
export const sampling: Benchmark = async ({ rounds }) => [
  ...(await follow(1, rounds * 2)),
  ...(await follow(10, rounds * 2)),
];

function follow(rings: number, seconds: number): Promise<readonly Figure[]> {
  return withVictim('crowd', [String(THREADS), String(rings)], async ({ pid }, target) => {
    const take: TakeSample = (signal, previous, _search, told) =>
      look(target, pid, { signal, previous }).finally(() => told?.spent?.(target.processor));
    const inspection = new Inspection(pid, take, clock, undefined, (_signal, last, { spent }) =>
      readCounters(target, last).finally(() => spent?.(target.processor)),
    );
    let previous = await look(target, pid);
    for (let round = 0; round < WARM_UP; round++) previous = await look(target, pid, { previous });
    await inspection.refresh();
    inspection.setInterval(INTERVAL);
    inspection.count(COUNTING);
    await sleep(SETTLES * 1000);
    const before = inspection.history.points.length;
    const followed = await spentBy(target, () => sleep(seconds * 1000));
    const points = inspection.history.points.slice(before);
    inspection.dispose();
    const looked = await spentBy(target, async () => {
      for (let second = 0; second < seconds; second++) {
        const begun = performance.now();
        previous = await look(target, pid, { previous });
        await sleep(Math.max(0, 1000 - (performance.now() - begun)));
      }
    });
    const share = followed / seconds / 10;
    const looks = points.filter(({ counted }) => counted === undefined).length;
    return [
      {
        name: `${THREADS} threads, ${rings} ${rings === 1 ? 'ring' : 'rings'}: share of a processor`,
        value: `${share.toFixed(2)} %`,
        goal: `< ${GOAL} %`,
        met: share < GOAL,
      },
      { name: '  points of the timeline a second', value: (points.length / seconds).toFixed(1) },
      { name: '  looks among them, a second', value: (looks / seconds).toFixed(2) },
      { name: '  with a look every second instead', value: `${(looked / seconds / 10).toFixed(2)} %` },
    ];
  });
}

const clock: Clock = {
  now: () => performance.now(),
  processor: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
  setTimeout: (callback, milliseconds) => setTimeout(callback, milliseconds),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
};

/** Milliseconds of processor time that `work` takes of this program and of the probe. */
async function spentBy(target: Target, work: () => Promise<void>): Promise<number> {
  const [own, probe] = [process.cpuUsage(), target.processor ?? Number.NaN];
  await work();
  const { user, system } = process.cpuUsage(own);
  return (user + system) / 1000 + (target.processor ?? Number.NaN) - probe;
}
