import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openLayout } from '../../src/kernel/openLayout';
import { walkKernel } from '../../src/kernel/walk';
import type { Sample } from '../../src/model/sample';
import { takeSample } from '../../src/sample/takeSample';
import { probePath } from '../../src/target/probePath';
import { openRemote } from '../../src/target/remote/openRemote';
import { actor } from '../real/support/actor';
import { CHECKOUT } from '../real/support/programs';
import { skipUnless } from '../real/support/rights';
import { Sshd, SshPlace } from '../real/support/sshd';
import { type Running, startVictim } from '../real/support/victim';
import { DelayingProxy, type Passed } from './delayingProxy';
import { type Benchmark, type Figure, median, milliseconds, Skipped, timed } from './figures';
import { ringFds } from './target';

/** Milliseconds that are added in each direction. */
const DELAY = 10;
/** Milliseconds between the looks of a window. */
const INTERVAL = 2000;
/** Of the first Sample, and of one after it. */
const WHOLE_TURNS = 4;
const SAMPLE_TURNS = 2;
const WALK_TURNS = 10;
const CPU_GOAL = 2;
const REQUESTS = 1000;

interface Measured extends Passed {
  readonly wall: number;
}

/** Samples of processes on a host that is 20 ms away: a real SSH server behind a proxy that holds back what passes. */
export const overSsh: Benchmark = async ({ rounds }) => {
  const endings: (() => void | Promise<void>)[] = [];
  const running: Running = {
    skip: (note: string): never => {
      throw new Skipped(note);
    },
    onTestFinished: (callback) => endings.push(callback),
  };
  try {
    return await measure(running, rounds);
  } finally {
    for (const end of endings.reverse()) await end();
  }
};

async function measure(running: Running, rounds: number): Promise<readonly Figure[]> {
  skipUnless(running, 'ioUring', 'sshd');
  const { proxy, target } = await connected(running);
  const start = (...args: string[]) => startVictim(running, actor('root'), 'crowd', args);
  const typical = await start('20', '2');
  const pending = await start('1', '1', '0', String(REQUESTS), '1024');
  const counted = async (work: () => Promise<unknown>, pause = 3 * DELAY): Promise<Measured> => {
    await sleep(pause);
    proxy.reset();
    const wall = await timed(work);
    return { wall, ...proxy.passed };
  };
  const several = async (work: () => Promise<unknown>, pause?: number): Promise<Measured> => {
    const all: Measured[] = [];
    for (let round = 0; round <= rounds; round++) all.push(await counted(work, pause));
    const of = (key: keyof Measured) => median(all.slice(rounds > 1 ? 1 : 0).map((one) => one[key]));
    return { wall: of('wall'), up: of('up'), down: of('down'), turns: of('turns') };
  };

  const attach = await counted(() => takeSample(target, typical.pid, { walk: false }));
  const whole = await several(() => takeSample(target, typical.pid, { walk: false }));
  let previous: Sample = await takeSample(target, typical.pid, { walk: false });
  const further = await several(async () => {
    previous = await takeSample(target, typical.pid, { walk: false, previous });
  });
  const scheduled = await several(async () => {
    previous = await takeSample(target, typical.pid, { walk: false, previous });
  }, INTERVAL);
  const opened = await openLayout(target);
  const figures = [
    ...shown('the very first Sample after connecting', attach, WHOLE_TURNS),
    ...shown('a whole Sample, 20 threads and 2 rings', whole, WHOLE_TURNS),
    ...shown('a Sample that follows within 2 s', further, SAMPLE_TURNS),
    ...shown('a Sample that follows after 2 s, as scheduled', scheduled, SAMPLE_TURNS),
  ];
  if (opened.ok) {
    const { layout } = opened;
    const walk = await several(async () => {
      const asked = { pid: pending.pid, ringFds: ringFds(pending.pid), layout };
      const { consistent } = await walkKernel(target, asked);
      if (!consistent) throw new Error('the walk is not consistent');
    });
    figures.push(...shown(`the exact walk of ${REQUESTS} requests`, walk, WALK_TURNS));
    const both = await several(() => takeSample(target, pending.pid, { walk: {} }));
    figures.push(...shown('a whole Sample with that walk', both));
    let walked = await takeSample(target, pending.pid, { walk: {} });
    const again = await several(async () => {
      walked = await takeSample(target, pending.pid, { walk: {}, previous: walked });
    }, INTERVAL);
    figures.push(...shown('a Sample with that walk, as scheduled', again, SAMPLE_TURNS));
  }
  const share = await processorShare(target.hello.pid, Math.max(5, rounds), async () => {
    previous = await takeSample(target, typical.pid, { previous, walk: {} });
  });
  return [
    ...figures,
    {
      name: 'processor time of the probe at 1 Hz',
      value: `${share.toFixed(2)} %`,
      goal: `< ${CPU_GOAL} %`,
      met: share < CPU_GOAL,
    },
  ];
}

/** As root, who may walk the kernel's memory. */
export async function connected(running: Running) {
  const at = new SshPlace(running);
  const lines = [`AllowUsers root ${at.user.name}`, 'PermitRootLogin prohibit-password'];
  const server = await Sshd.start(at, running, 'server', lines);
  const proxy = await DelayingProxy.start(running, server.port, DELAY);
  at.key('k');
  const host = await at.connect(
    'bench',
    `Host bench
HostName 127.0.0.1
Port ${proxy.port}
User root
IdentityFile ${at.path('k')}
UserKnownHostsFile ${at.path('.ssh/known_hosts')}
StrictHostKeyChecking accept-new
`,
  );
  const dist = join(CHECKOUT, 'dist');
  const target = await openRemote(host, { probes: (arch) => probePath(dist, arch, {}) });
  running.onTestFinished(async () => {
    target.dispose();
    await sleep(500);
  });
  return { proxy, target };
}

function shown(name: string, { wall, up, down, turns }: Measured, most?: number): Figure[] {
  const goal = most === undefined ? {} : { goal: `<= ${most}`, met: turns <= most };
  return [
    { name: `${name}: round trips`, value: String(turns), ...goal },
    { name: '  took', value: milliseconds(wall) },
    { name: '  bytes up, down', value: `${up}, ${down}` },
  ];
}

/** Percent of one processor that a process and its children take while `work` is done each second. */
async function processorShare(pid: number, seconds: number, work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  const before = processorTime(pid);
  for (let second = 1; second <= seconds; second++) {
    await work();
    await sleep(Math.max(0, from + second * 1000 - performance.now()));
  }
  return ((processorTime(pid) - before) / (performance.now() - from)) * 100;
}

/** Milliseconds, of all tasks that live: /proc/PID/task/TID/schedstat has nanoseconds. */
function processorTime(pid: number): number {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
  const children = stdout.split('\n').map(Number).filter(Boolean);
  let sum = 0;
  for (const tid of readdirSync(`/proc/${pid}/task`)) {
    const [ran = '0'] = readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'utf8').split(' ');
    sum += Number(ran) / 1e6;
  }
  return children.reduce((total, child) => total + processorTime(child), sum);
}
