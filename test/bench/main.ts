import { activation } from './activation';
import { bigProcess } from './bigProcess';
import { debugAdapter } from './debugAdapter';
import { type Benchmark, type Figure, Skipped } from './figures';
import { fio } from './fio';
import { lines } from './lines';
import { overSsh } from './overSsh';
import { pendingRequests } from './pendingRequests';
import { sampling } from './sampling';
import { stacks } from './stacks';
import { timeline } from './timeline';
import { trace } from './trace';
import { typicalProcess } from './typicalProcess';

const smoke = process.argv.includes('--smoke');
const only = process.argv.slice(2).filter((word) => !word.startsWith('--'));

const all: Record<string, { readonly title: string; readonly run: Benchmark }> = {
  big: { title: 'A big process', run: bigProcess },
  typical: { title: 'A typical process', run: typicalProcess },
  pending: { title: 'The list of pending requests', run: pendingRequests },
  sampling: { title: 'A process that is followed', run: sampling },
  stacks: { title: 'The stacks of a process', run: stacks },
  ssh: { title: 'A host over SSH, 20 ms away', run: overSsh },
  fio: { title: 'The cost to the target', run: fio },
  trace: { title: 'The cost of tracing to the target', run: trace },
  lines: { title: 'Source lines of a big program', run: lines },
  timeline: { title: 'The timeline with many points', run: timeline },
  debug: { title: 'A debug session', run: debugAdapter },
  activation: { title: 'Activation of the extension', run: activation },
};

const full = {
  big: 30,
  typical: 20,
  pending: 20,
  sampling: 10,
  stacks: 9,
  ssh: 9,
  fio: 7,
  debug: 15,
  activation: 15,
  trace: 3,
  lines: 9,
  timeline: 9,
} as Record<string, number>;

function print({ name, value, goal, met }: Figure): void {
  const verdict = goal === undefined ? '' : `goal ${goal}: ${met === true ? 'met' : 'MISSED'}`;
  console.log(`  ${name.padEnd(52)} ${value.padStart(14)}   ${verdict}`.trimEnd());
}

for (const [name, { title, run }] of Object.entries(all)) {
  if (only.length > 0 && !only.includes(name)) continue;
  console.log(`${title} (${name})`);
  try {
    const effort = smoke ? { rounds: 1, fioSeconds: 1 } : { rounds: full[name] ?? 10, fioSeconds: 4 };
    for (const figure of await run(effort)) print(figure);
  } catch (error) {
    if (error instanceof Skipped) console.log(`  skipped: ${error.message}`);
    else {
      console.log(`  could not run: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
}
