import { readFileSync } from 'node:fs';
import { openLayout } from '../../src/kernel/openLayout';
import { walkKernel } from '../../src/kernel/walk';
import { ringMappings } from '../../src/procfs/maps';
import { readRingMemory } from '../../src/sample/ringMemory';
import type { Target } from '../../src/target/target';
import { alternate, type Benchmark, type Figure, median, milliseconds, Skipped, timed } from './figures';
import { ringFds, withVictim } from './target';

const WALK_GOAL = 100;
const KEPT_GOAL = 30;
const MEMORY_GOAL = 15;
const REQUESTS = 1000;
/** Looks until the engine has compiled what is used often. */
const WARM_UP = 10;

/** The exact list of a process with 1,000 pending requests, and of a ring of 32k and 64k entries from its memory. */
export const pendingRequests: Benchmark = async ({ rounds }) => [
  ...(await walk(rounds)),
  ...(await memory(rounds)),
];

/** The kernel walk, with and without reading the kernel's types first, beside reading what fdinfo prints of the same ring. */
function walk(rounds: number): Promise<readonly Figure[]> {
  return withVictim('crowd', ['1', '1', '0', String(REQUESTS), '1024'], async ({ pid }, target) => {
    const opened = await openLayout(target);
    if (!opened.ok) throw new Skipped(`kernel memory: ${opened.blindness.why}`);
    const fds = ringFds(pid);
    const walked = async (layout = opened.layout) => {
      const { rings, consistent } = await walkKernel(target, { pid, ringFds: fds, layout });
      const found = rings.flatMap(({ requests }) => requests).length;
      if (found !== REQUESTS || !consistent) throw new Error(`the walk found ${found} of ${REQUESTS}`);
    };
    const cold = await timed(walked);
    for (let round = 0; round < WARM_UP; round++) await walked();
    const [whole, kept] = await alternate(
      rounds,
      () =>
        timed(async () => {
          const fresh = await openLayout(target);
          if (fresh.ok) await walked(fresh.layout);
        }),
      () => timed(walked),
    );
    return [
      { name: `the first walk of ${REQUESTS} requests, all code cold`, value: milliseconds(cold) },
      goal(`a walk with the kernel's types (BTF)`, median(whole), WALK_GOAL),
      goal('a walk with the layout at hand', median(kept), KEPT_GOAL),
    ];
  });
}

/** Ring memory of a large ring beside its fdinfo, which holds the ring's lock. */
function memory(rounds: number): Promise<readonly Figure[]> {
  return withVictim('crowd', ['1', '1', '0', String(REQUESTS), '32768'], async ({ pid }, target) => {
    const [fd = -1] = ringFds(pid);
    const read = () => readMemory(target, pid, fd);
    const cold = await timed(read);
    for (let round = 0; round < WARM_UP; round++) await read();
    const [ours, theirs] = await alternate(
      rounds,
      () => timed(read),
      () => timed(() => target.read([`/proc/${pid}/fdinfo/${fd}`], { limit: 16 << 20 })),
    );
    return [
      { name: 'memory of a ring of 32k and 64k entries, the first time', value: milliseconds(cold) },
      goal(`the same after ${WARM_UP}`, median(ours), MEMORY_GOAL),
      { name: 'its fdinfo, with the ring locked', value: milliseconds(median(theirs)) },
    ];
  });
}

async function readMemory(target: Target, pid: number, fd: number): Promise<void> {
  const mappings = ringMappings(readFileSync(`/proc/${pid}/maps`, 'utf8'));
  const inode = mappings[0]?.inode ?? 0;
  const [ring] = await readRingMemory(target, {
    pid,
    mappings,
    descriptors: [{ fd, inode }],
    ownInode: true,
  });
  if (ring?.rows?.length !== REQUESTS)
    throw new Error(`memory has ${ring?.rows?.length} rows: ${ring?.trouble?.why}`);
}

function goal(name: string, value: number, most: number): Figure {
  return { name, value: milliseconds(value), goal: `< ${most} ms`, met: value < most };
}
