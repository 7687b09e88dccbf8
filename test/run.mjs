// npm test: from a fresh clone to every test that this machine can run.
//     node test/run.mjs [STAGE…]    stages: lint unit golden mutants real coverage bench kernels vscode ui
// A stage whose tests need something that is absent skips them by name, with the reason; the last line counts.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Missing, prepare, root } from './demo/prepare.mjs';

const STAGES = ['lint', 'unit', 'golden', 'mutants', 'real', 'coverage', 'bench', 'kernels', 'vscode', 'ui'];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((stage) => !STAGES.includes(stage));
if (unknown.length > 0) {
  process.stderr.write(`No such stage: ${unknown.join(', ')}. There are: ${STAGES.join(', ')}\n`);
  process.exit(1);
}
// Counting lines makes tests slower: only where it is asked for.
const isCounted = wanted.includes('coverage');
const stages = STAGES.filter((stage) => (wanted.length > 0 ? wanted.includes(stage) : stage !== 'coverage'));
/** What reads programs, and needs some that run: the lines of src/source are counted here too. */
const SOURCE_TESTS = ['origins', 'goroutines', 'sourceLines', 'kernelSymbols'].map(
  (name) => `test/real/${name}.test.ts`,
);
const LIGHT_BENCHMARKS = ['typical', 'pending', 'stacks', 'debug'];
const COVERAGE = path.join(root, '.cache', 'coverage');
const totals = { passed: 0, failed: 0, skipped: 0 };
const scratch = mkdtempSync(path.join(tmpdir(), 'inspector-tests-'));

/** Runs a command from the project's folder; its exit code. Its output goes on as it comes. */
function run(command, args, { env = {}, onLine } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', onLine ? 'pipe' : 'inherit', 'inherit'],
    });
    let rest = '';
    child.stdout?.on('data', (chunk) => {
      process.stdout.write(chunk);
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    });
    child.on('error', () => resolve(127));
    child.on('close', (code) => resolve(code ?? 1));
  });
}

const bin = (name) => path.join(root, 'node_modules', '.bin', name);

function add(counts) {
  for (const key of Object.keys(totals)) totals[key] += counts[key];
}

/** A check that passes or fails as a whole, in at most `seconds`. */
async function check(name, command, args, seconds = 300) {
  const code = await run('timeout', ['-k', '5', String(seconds), command, ...args]);
  add({ passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 });
  process.stdout.write(`${code === 0 ? 'ok' : 'FAIL'}: ${name}\n`);
}

/** A dependency with a known hole fails; where no registry answers there is nothing to be said. */
async function audit() {
  const { stdout } = spawnSync('timeout', ['30', 'npm', 'audit', '--omit=dev', '--json'], {
    cwd: root,
    encoding: 'utf8',
  });
  let holes;
  try {
    holes = JSON.parse(stdout).metadata?.vulnerabilities;
  } catch {
    // It says why on its own channel.
  }
  if (holes === undefined) {
    process.stdout.write('skipped: known holes of dependencies: no registry answers npm audit\n');
    return add({ passed: 0, failed: 0, skipped: 1 });
  }
  const bad = holes.high + holes.critical;
  if (bad > 0) process.stdout.write(stdout);
  process.stdout.write(`${bad === 0 ? 'ok' : 'FAIL'}: known holes of dependencies\n`);
  add({ passed: bad === 0 ? 1 : 0, failed: bad === 0 ? 0 : 1, skipped: 0 });
}

/** Which lines the tests of that name run is left for the stage `coverage`. */
const covering = (name) =>
  isCounted ? ['--coverage', `--coverage.reportsDirectory=${path.join(COVERAGE, name)}`] : [];

async function vitest(projects, ...more) {
  const name = `${projects[0]}${more.length}`;
  const file = path.join(scratch, `${name}.json`);
  const args = [
    'run',
    ...projects.flatMap((project) => ['--project', project]),
    '--reporter=dot',
    '--reporter=./test/reporter.ts',
    ...more,
  ];
  const code = await run(bin('vitest'), args, { env: { TEST_COUNTS: file, NO_COLOR: '1' } });
  const counts = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { passed: 0, failed: 1, skipped: 0 };
  // A runner that fails without a failed test has failed all the same.
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  add(counts);
  return counts;
}

async function editor(kind) {
  let counts;
  const code = await run(process.execPath, ['test/editor/run.mjs', kind], {
    onLine: (line) => {
      const match = /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(line);
      if (match) counts = { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3]) };
    },
  });
  counts ??= { passed: 0, failed: 1, skipped: 0 };
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  add(counts);
}

const actions = {
  lint: async () => {
    await check('formatting, lint and the rule of rooms', bin('biome'), [
      'check',
      '--error-on-warnings',
      '.',
    ]);
    await check('types', bin('tsc'), ['--noEmit']);
    await check('types of the pages', bin('tsc'), ['--noEmit', '-p', 'webview']);
    await check('nothing that nobody uses: files, exports, dependencies', bin('knip'), ['--no-progress']);
    await audit();
  },
  unit: () => vitest(['unit'], ...covering('unit')),
  golden: () => vitest(['golden'], ...covering('golden')),
  // A sample; `npm run mutants` has them all.
  mutants: () =>
    check(
      'faults seeded in parsers and rules are noticed',
      process.execPath,
      ['test/mutation/run.mjs', '--sample'],
      180,
    ),
  real: async () => {
    if (!isCounted) return vitest(['real', 'real-alone']);
    const { failed, skipped } = await vitest(['real'], ...SOURCE_TESTS, ...covering('real'));
    if (failed + skipped > 0) writeFileSync(path.join(COVERAGE, 'real', 'skipped'), String(skipped));
    await vitest(['real', 'real-alone'], ...SOURCE_TESTS.flatMap((file) => ['--exclude', file]));
  },
  coverage: () => check('lines that tests run, room by room', process.execPath, ['test/coverage.mjs']),
  bench: () =>
    check('benchmarks run', process.execPath, ['test/bench/run.mjs', '--smoke', ...LIGHT_BENCHMARKS], 120),
  // One other kernel; `npm run test:kernels` has them all.
  kernels: () => vitest(['kernels']),
  // As a user installs it; `node test/editor/run.mjs vscode` has what lies here.
  vscode: () => editor('packaged'),
  ui: () => editor('ui'),
};

try {
  prepare((text) => process.stdout.write(`${text}\n`), { program: false });
  mkdirSync(path.join(root, 'test', 'artifacts'), { recursive: true });
  if (stages.includes('unit')) rmSync(COVERAGE, { recursive: true, force: true });
  mkdirSync(COVERAGE, { recursive: true });
  for (const stage of stages) {
    process.stdout.write(`\n# ${stage}\n`);
    const started = Date.now();
    await actions[stage]();
    process.stdout.write(`# ${stage} took ${Math.round((Date.now() - started) / 1000)} s\n`);
  }
  process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
  process.exitCode = totals.failed > 0 ? 1 : 0;
} catch (error) {
  process.stderr.write(error instanceof Missing ? `${error.message}\n` : `${error.stack}\n`);
  process.exitCode = 1;
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
