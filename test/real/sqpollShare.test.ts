import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { trendText } from '../../src/explain/trend';
import { History } from '../../src/inspect/history';
import { readCounters } from '../../src/sample/counters';
import { takeSample } from '../../src/sample/takeSample';
import { actor } from './support/actor';
import { openTestTarget } from './support/probe';
import { skipUnless } from './support/rights';
import { startVictim } from './support/victim';

/** Ticks a second of the times in /proc/TID/stat. */
const USER_HZ = 100;
const CLIENTS = 32;

it('the share of the time in which an SQPOLL thread has work is some of what the thread has run', {
  timeout: 60_000,
}, async (context) => {
  skipUnless(context, 'ioUring', 'root');
  const { pid } = await startVictim(context, actor('root'), 'echo', ['sqpoll', String(CLIENTS)], {
    busy: true,
  });
  const target = await openTestTarget();
  context.onTestFinished(() => target.dispose());
  const history = new History();
  let look = await takeSample(target, pid);
  history.add(look);
  const thread = readdirSync(`/proc/${pid}/task`).find((tid) =>
    readFileSync(`/proc/${pid}/task/${tid}/comm`, 'utf8').startsWith('iou-sqp-'),
  );
  expect(look.rings[0]?.sqpollTid).toBe(Number(thread));
  if (look.rings[0]?.sqpollWorkTime === undefined)
    return context.skip('this kernel does not tell (before 6.9)');
  const ran = () => {
    const fields = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) / USER_HZ;
  };
  const [before, from] = [ran(), performance.now()];
  for (let round = 0; round < 4; round++) {
    await sleep(500);
    const counters = await readCounters(target, look);
    if (counters) history.count(counters);
    await sleep(500);
    look = await takeSample(target, pid, { previous: look });
    history.add(look);
  }
  const share = (ran() - before) / ((performance.now() - from) / 1000);
  const points = history.points.slice(1).filter(({ counted }) => !counted);
  const seconds = points.reduce((sum, { span }) => sum + span, 0);
  const busy =
    points.reduce((sum, { span, rings }) => sum + span * (rings[0]?.sqpollBusy ?? Number.NaN), 0) / seconds;
  expect(busy).toBeGreaterThan(0.02);
  // Both are times of the same thread; what it ran for without work is the difference. Ticks, and looks that take a while: a few per cent.
  expect(busy).toBeLessThan(share + 0.05);
  expect(trendText(history.points.at(-1) ?? points[0] ?? expect.fail('no point'))).toMatch(
    /SQPOLL of ring 1 busy \d+ %/,
  );
});
