// npm run mutants [-- --sample] [-- --list] [-- NAME…]: seeds faults in the parsers and rules whose file or line has one of
// the names, one at a time, and says which no test notices. All of them take hours. --sample: of their fixed order the first, which
// are the rules, and a few others; on a slow machine what a minute allows.
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { faults } from './faults.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const SEEDS_AT_ONCE = 2;
/** Milliseconds after which a suite that does not end has noticed it; one without a fault may take longer on a busy machine. */
const HANGS = 90_000;
const SLOWEST = 600_000;
/** Of a sample: milliseconds in which faults are begun, and how many. */
const SAMPLE = { time: 50_000, count: 60 };
/** Share of the faults, those that change nothing left out, that must be noticed; of the rules all. */
const BAR = 0.9;

const words = process.argv.slice(2);
const isSample = words.includes('--sample');
const names = words.filter((word) => !word.startsWith('--'));

/** Faults that no test can notice, since nothing depends on them; each row is a file and the line as changed, with its reason. */
function harmless() {
  const rows = readFileSync(path.join(root, 'test/mutation/harmless.txt'), 'utf8').split('\n');
  return new Set(rows.filter((row) => row.includes('\t')).map((row) => row.split('\t', 2).join('\t')));
}

const known = harmless();
const keyOf = ({ file, after }) => `${file}\t${after}`;
const wanted = faults(root).filter(
  (fault) =>
    !known.has(keyOf(fault)) &&
    (names.length === 0 || names.some((name) => fault.file.includes(name) || fault.before.includes(name))),
);

/** A process that runs tests with faults; started anew when one made it hang. */
class Runner {
  async start() {
    this.child = fork(path.join(root, 'test/mutation/worker.mjs'), {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let errors = '';
    this.child.stderr.on('data', (data) => {
      errors = `${errors}${data}`.slice(-4000);
    });
    await new Promise((resolve, reject) => {
      this.child.once('message', resolve);
      this.child.once('exit', () => reject(new Error(`The tests do not start:\n${errors}`)));
    });
    this.child.removeAllListeners('exit');
    return this;
  }

  /** Which test noticed; undefined: none. */
  async try({ file, text, words }, patience = HANGS) {
    const { child } = this;
    let timer;
    const answer = await new Promise((resolve) => {
      const wait = () => {
        clearTimeout(timer);
        timer = setTimeout(() => resolve('hangs'), patience);
      };
      child.on('exit', () => resolve('ends'));
      child.on('message', (message) => (message === 'going on' ? wait() : resolve(message)));
      wait();
      child.send({ file, text, words });
    });
    clearTimeout(timer);
    child.removeAllListeners('exit');
    child.removeAllListeners('message');
    if (typeof answer === 'object') return answer.noticed;
    child.kill('SIGKILL');
    await this.start();
    return `the test run ${answer}`;
  }

  end() {
    this.child.kill();
  }
}

async function seedAll() {
  const started = Date.now();
  const runners = await Promise.all(Array.from({ length: SEEDS_AT_ONCE }, () => new Runner().start()));
  // A test that fails without a fault would notice everything. Before a sample the tests themselves have run.
  const broken = isSample
    ? undefined
    : (
        await Promise.all(
          ['src/procfs', 'src/kernel'].map((file, index) => runners[index].try({ file }, SLOWEST)),
        )
      ).find((noticed) => noticed !== undefined);
  if (broken !== undefined) {
    process.stdout.write(`FAIL: a test fails without a fault: ${broken}\n`);
    for (const runner of runners) runner.end();
    return 1;
  }

  const queue = isSample ? wanted.slice(0, SAMPLE.count) : [...wanted];
  const survivors = [];
  let tried = 0;
  await Promise.all(
    runners.map(async (runner) => {
      while (queue.length > 0 && !(isSample && Date.now() - started > SAMPLE.time)) {
        const fault = queue.shift();
        tried++;
        const noticed = await runner.try(fault);
        if (noticed === undefined) survivors.push(fault);
        if (process.env.VERBOSE)
          process.stdout.write(`${fault.file}:${fault.line}: ${noticed ?? 'SURVIVED'}\n`);
      }
      runner.end();
    }),
  );

  for (const { kind, file, line, before, after } of survivors)
    process.stdout.write(`not noticed: ${kind}, ${file}:${line}\n  - ${before}\n  + ${after}\n`);
  if (queue.length > 0)
    process.stdout.write(`not tried, for the machine is slow: the last ${queue.length} of the sample\n`);
  const share = tried === 0 ? Number(wanted.length === 0) : 1 - survivors.length / tried;
  const rules = survivors.filter(({ kind }) => kind === 'rule').length;
  process.stdout.write(
    `${tried} of ${wanted.length} faults seeded, ${tried - survivors.length} noticed (${Math.floor(100 * share)} %, at least ${100 * BAR} %), in ${Math.round((Date.now() - started) / 1000)} s\n`,
  );
  return rules > 0 || share < BAR ? 1 : 0;
}

if (words.includes('--list')) {
  for (const { kind, file, line, before, after } of wanted)
    process.stdout.write(`${kind}\t${file}:${line}\t${before}\t${after}\n`);
} else process.exitCode = await seedAll();
