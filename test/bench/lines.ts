import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { type Lines, openLines } from '../../src/source/lines';
import { openLocalBytes } from '../../src/target/localBytes';
import { unpack } from '../../src/target/unpack';
import { codeAddresses, hex } from '../real/support/symbolizer';
import { type Benchmark, type Figure, median, milliseconds, Skipped, timed } from './figures';

/** Of a big program with debug information in it; another one: PROGRAM=… npm run bench -- lines. */
const PROGRAM = process.env['PROGRAM'] ?? process.execPath;
const MANY = 400;
const TOOLS = {
  addr2line: (addresses: readonly string[]) => ['-if', '-e', PROGRAM, ...addresses],
  'eu-addr2line': (addresses: readonly string[]) => ['-if', '-e', PROGRAM, ...addresses],
  'llvm-symbolizer': (addresses: readonly string[]) => ['-e', PROGRAM, ...addresses],
  gdb: (addresses: readonly string[]) => [
    '-nx',
    '-batch',
    ...addresses.flatMap((address) => ['-ex', `info line *${address}`]),
    PROGRAM,
  ],
} as const;
type Tool = keyof typeof TOOLS;
const WARM_GOAL = 10;
const MEASURED = ['cold', 'many', 'near', 'again', 'one'] as const;

async function open(): Promise<Lines> {
  const source = await openLocalBytes(PROGRAM);
  if (typeof source === 'string') throw new Error(source);
  const result = await openLines(source, { path: PROGRAM, unpack, open: openLocalBytes });
  if (!result.ok) throw new Error(result.why);
  return result.lines;
}

/** Milliseconds of a tool's whole run: each starts anew for every question. */
function ask(tool: Tool, addresses: readonly bigint[]): number {
  const start = performance.now();
  const { status } = spawnSync(tool, TOOLS[tool](addresses.map(hex)), { stdio: 'ignore' });
  if (status !== 0) throw new Error(`${tool} ended with ${status}`);
  return performance.now() - start;
}

const installed = (tool: string) =>
  spawnSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' }).status === 0;

/** Milliseconds of our side: a fresh reader, the first address; the reader kept, all of them, their neighbours, all of them again. */
async function ours(addresses: readonly bigint[]) {
  const cold = await (async () => {
    const start = performance.now();
    const lines = await open();
    await lines.locate(addresses.slice(0, 1));
    lines.close();
    return performance.now() - start;
  })();
  const lines = await open();
  const many = await timed(() => lines.locate(addresses));
  const near = await timed(() => lines.locate(addresses.map((address) => address + 1n)));
  const again = await timed(() => lines.locate(addresses));
  const one = await timed(() => lines.locate(addresses.slice(0, 1)));
  lines.close();
  return { cold, many, near, again, one };
}

/** Addresses that have lines: of most others all say at once that there is nothing to say. */
async function withLines(): Promise<bigint[]> {
  const lines = await open();
  const located = await lines.locate(codeAddresses(PROGRAM, MANY * 50));
  lines.close();
  return located
    .filter(({ frames }) => frames[0]?.line !== undefined)
    .map(({ address }) => address)
    .slice(0, MANY);
}

/** Source lines of a big program, against the tools; all sides in turns, so that whatever else the machine does falls on all. */
export const lines: Benchmark = async ({ rounds }) => {
  const tools = (Object.keys(TOOLS) as Tool[]).filter(installed);
  if (tools.length === 0) throw new Skipped('needs addr2line, eu-addr2line, llvm-symbolizer or gdb');
  const addresses = await withLines();
  if (addresses.length < 20) throw new Skipped(`${PROGRAM} has too little debug information`);
  const own: Record<(typeof MEASURED)[number], number[]> = {
    cold: [],
    many: [],
    near: [],
    again: [],
    one: [],
  };
  const theirs = tools.map((tool) => ({ tool, one: [] as number[], many: [] as number[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { tool, one, many } of theirs) {
      one.push(ask(tool, addresses.slice(0, 1)));
      many.push(ask(tool, addresses));
    }
    const figures = await ours(addresses);
    for (const name of MEASURED) own[name].push(figures[name]);
  }
  const fastestOne = Math.min(...theirs.map(({ one }) => median(one)));
  const fastestMany = Math.min(...theirs.map(({ many }) => median(many)));
  const size = `${(statSync(PROGRAM).size / 1e6).toFixed(0)} MB`;
  const all = `${addresses.length} addresses`;
  const ratio = (fast: number, figure: number) => `${milliseconds(figure)}, ${(fast / figure).toFixed(1)}×`;
  const figures: Figure[] = theirs.flatMap(({ tool, one, many }) => [
    { name: `${tool}: one address of ${size}`, value: milliseconds(median(one)) },
    { name: `${tool}: ${all}`, value: milliseconds(median(many)) },
  ]);
  const cold = median(own.cold);
  const again = median(own.again);
  return [
    ...figures,
    {
      name: 'ours: one address, cold',
      value: ratio(fastestOne, cold),
      goal: 'not slower than the fastest',
      met: cold <= fastestOne,
    },
    { name: `ours: ${all}, cold`, value: ratio(fastestMany, median(own.many)) },
    { name: `ours: ${all} beside them, decoded before`, value: ratio(fastestMany, median(own.near)) },
    {
      name: `ours: ${all}, asked before`,
      value: ratio(fastestMany, again),
      goal: `${WARM_GOAL}×`,
      met: again * WARM_GOAL <= fastestMany,
    },
    {
      name: 'ours: one address, asked before',
      value: ratio(fastestOne, median(own.one)),
      goal: `${WARM_GOAL}×`,
      met: median(own.one) * WARM_GOAL <= fastestOne,
    },
  ];
};
