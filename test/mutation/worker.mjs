// Runs tests with one file changed, in memory alone: the checkout stays as it is. Told by the parent what to try.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createVitest } from 'vitest/node';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Tests by the room they belong to, the nearest first: the next are asked only while nothing was noticed. */
const SUITES = {
  'src/procfs': [['test/unit/procfs/'], ['test/unit/sample/', 'test/golden/']],
  'src/ring': [['test/unit/ring/'], ['test/unit/sample/', 'test/golden/']],
  'src/kernel': [['test/unit/kernel/'], ['test/unit/sample/', 'test/golden/']],
  'src/explain': [['test/unit/explain/'], ['test/golden/']],
};
/** It measures time, for ten seconds. */
const SLOW = /huge\.test\.ts$/;

let changed;
const seed = {
  name: 'seeded fault',
  enforce: 'pre',
  load: (id) => (changed && id.split('?')[0] === changed.id ? changed.text : undefined),
};

/** The first test that failed in the present run. */
let noticed;
function onTestCaseResult(test) {
  if (test.result().state === 'failed')
    noticed ??= `${path.relative(root, test.module.moduleId)}: ${test.fullName}`;
}
function onTestModuleEnd(module) {
  if (module.errors().length > 0) noticed ??= `${path.relative(root, module.moduleId)}: does not load`;
}

const vitest = await createVitest(
  'test',
  {
    root,
    config: false,
    watch: false,
    include: ['test/{unit,golden}/**/*.test.ts'],
    setupFiles: 'test/fuzzBounds.ts',
    pool: 'threads',
    isolate: false,
    maxWorkers: 1,
    bail: 1,
    testTimeout: 20_000,
    reporters: [{ onTestCaseResult, onTestModuleEnd }],
    api: false,
  },
  { plugins: [seed], logLevel: 'silent' },
);
const all = (await vitest.globTestSpecifications()).filter(({ moduleId }) => !SLOW.test(moduleId));

/** Which test noticed, or undefined. */
async function run(specifications) {
  if (specifications.length === 0) return undefined;
  noticed = undefined;
  const { unhandledErrors } = await vitest.runTestSpecifications(specifications);
  process.exitCode = 0;
  return noticed ?? (unhandledErrors.length > 0 ? 'an error nobody caught' : undefined);
}

const texts = new Map(all.map(({ moduleId }) => [moduleId, readFileSync(moduleId, 'utf8')]));

/** First the tests that name what is broken. */
function suitesOf(file, words) {
  const [, suites] = Object.entries(SUITES).find(([room]) => file.startsWith(room)) ?? [];
  const names = ({ moduleId }) => words.some((word) => texts.get(moduleId).includes(word));
  const inOrder = suites.map((folders) =>
    all.filter(({ moduleId }) => folders.some((folder) => moduleId.startsWith(path.join(root, folder)))),
  );
  const first = inOrder.flat().filter(names);
  return [first, ...inOrder.map((suite) => suite.filter((one) => !first.includes(one)))];
}

async function attempt({ file, text, words = [] }) {
  const id = path.join(root, file);
  changed = text === undefined ? undefined : { id, text };
  vitest.invalidateFile(id);
  try {
    for (const suite of suitesOf(file, words)) {
      process.send('going on');
      const by = await run(suite);
      if (by !== undefined) return by;
    }
    return undefined;
  } finally {
    changed = undefined;
    vitest.invalidateFile(id);
  }
}

process.on('message', async (fault) => process.send({ noticed: await attempt(fault) }));
process.on('disconnect', () => process.exit());
process.send('ready');
