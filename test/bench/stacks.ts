import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { LinkThread } from '../../src/inspect/linkThread';
import { openLayout } from '../../src/kernel/openLayout';
import type { Sample } from '../../src/model/sample';
import { parseMountinfo } from '../../src/procfs/mountinfo';
import { takeSample } from '../../src/sample/takeSample';
import { Binaries } from '../../src/source/binaries';
import { readCallStacks } from '../../src/source/callStacks';
import { SampleLinker } from '../../src/source/linkSample';
import { ProcessStacks } from '../../src/source/unwind/threads';
import type { Target } from '../../src/target/target';
import { unpack } from '../../src/target/unpack';
import { startThread } from '../../src/target/workerThread';
import { actor } from '../real/support/actor';
import { CHECKOUT } from '../real/support/programs';
import { skipUnless } from '../real/support/rights';
import { type Running, startVictim } from '../real/support/victim';
import { type Benchmark, type Figure, median, milliseconds, Skipped, timed } from './figures';
import { connected } from './overSsh';
import { withVictim } from './target';

const THREADS = 1000;
const GOAL = 200;
/** Milliseconds that the editor's thread may be held up while another one links. */
const BLOCK_GOAL = 50;
const clock = {
  setTimeout: (callback: () => void, wait: number) => setTimeout(callback, wait).unref(),
  clearTimeout: (handle: unknown) => clearTimeout(handle as NodeJS.Timeout),
};

/** The stacks of a big process; the same in a thread of its own, as the editor has it; and from 20 ms away. */
export const stacks: Benchmark = async ({ rounds }) => [
  ...(await withVictim('crowd', [String(THREADS), '1'], ({ pid }, target) => ofAll(pid, target, rounds))),
  ...(await withVictim('crowd', [String(THREADS), '1'], ({ pid }, target) => inThread(pid, target))),
  ...(await fromAfar()),
];

async function ofAll(pid: number, target: Target, rounds: number): Promise<Figure[]> {
  const { tasks } = await takeSample(target, pid, { walk: false });
  const tids = tasks.filter(({ kind }) => kind === 'thread').map(({ tid }) => tid);
  const [mounts] = await target.read([`/proc/${pid}/mountinfo`]);
  const place = { pid, mounts: parseMountinfo(mounts?.ok ? mounts.data.toString() : '').rows };
  const opened = await openLayout(target);
  const layout = opened.ok ? opened.layout : undefined;
  const process = new ProcessStacks(target, pid);
  const binaries = new Binaries(target, { unpack });
  const read = async () => {
    const all = await readCallStacks(process, binaries, place, tids, { layout });
    if (all.filter(({ frames }) => frames).length < THREADS) throw new Error('not every stack was told');
  };
  const cold = await timed(read);
  const warm: number[] = [];
  for (let round = 0; round < Math.max(3, rounds); round++) warm.push(await timed(read));
  binaries.close();
  const middle = median(warm);
  return [
    { name: `stacks of ${THREADS} threads, the first time`, value: milliseconds(cold) },
    {
      name: '  once its binaries are known',
      value: milliseconds(middle),
      goal: `< ${GOAL} ms`,
      met: middle < GOAL,
    },
  ];
}

async function inThread(pid: number, target: Target): Promise<Figure[]> {
  const thread = new LinkThread(
    () => startThread(join(CHECKOUT, 'dist/links.js'), { role: 'links' }, 512),
    clock,
  );
  try {
    const sample = await takeSample(target, pid, { walk: false });
    const first = await held(() => thread.link(target, sample, {}));
    const again = await held(() => thread.link(target, sample, {}));
    return [
      { name: 'a Sample linked by another thread, that just started', value: milliseconds(first.took) },
      blockFigure(first.block),
      { name: 'the same Sample once more', value: milliseconds(again.took) },
      blockFigure(again.block),
    ];
  } finally {
    thread.dispose();
  }
}

function blockFigure(block: number): Figure {
  return {
    name: '  longest block of this one meanwhile',
    value: milliseconds(block),
    goal: `< ${BLOCK_GOAL} ms`,
    met: block < BLOCK_GOAL,
  };
}

/** How long the work takes, and the longest time in which this thread did nothing else. */
async function held(work: () => Promise<Sample>): Promise<{ readonly took: number; readonly block: number }> {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  const took = await timed(async () => {
    const { tasks } = await work();
    if (!tasks.some(({ userStack }) => userStack)) throw new Error('no stack was told');
  });
  delays.disable();
  return { took, block: delays.max / 1e6 };
}

async function fromAfar(): Promise<Figure[]> {
  const endings: (() => void | Promise<void>)[] = [];
  const running: Running = {
    skip: (note: string): never => {
      throw new Skipped(note);
    },
    onTestFinished: (callback) => endings.push(callback),
  };
  try {
    skipUnless(running, 'ioUring', 'sshd');
    const { proxy, target } = await connected(running);
    const { pid } = await startVictim(running, actor('root'), 'crowd', ['20', '2']);
    const sample = await takeSample(target, pid, { walk: false });
    const linker = new SampleLinker(target, { unpack });
    const opened = await openLayout(target);
    const layout = opened.ok ? opened.layout : undefined;
    const figures: Figure[] = [];
    for (const name of ['the first time', 'once more']) {
      proxy.reset();
      const took = await timed(() => linker.link(sample, { layout }));
      const { turns, down } = proxy.passed;
      figures.push(
        { name: `stacks of 20 threads from 20 ms away, ${name}`, value: milliseconds(took) },
        { name: '  round trips', value: String(turns) },
        { name: '  bytes down', value: String(down) },
      );
    }
    linker.close();
    return figures;
  } finally {
    for (const end of endings.reverse()) await end();
  }
}
